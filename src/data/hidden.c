/* What is in folders that are left out. */
#include "data/hidden.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "data/picture.h"

enum { MAX_DEPTH = 16 };

static bool has_pictures(int parent, const char *name, size_t *budget, int depth) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool found = false;
    const struct dirent *entry;
    while (!found && *budget > 0 && (entry = readdir(stream)) != NULL) {
        --*budget;
        const char *inside = entry->d_name;
        if (strcmp(inside, ".") == 0 || strcmp(inside, "..") == 0)
            continue;
        if (entry->d_type == DT_REG)
            found = picture_kind(inside) != NULL;
        else if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && depth < MAX_DEPTH)
            found = has_pictures(dirfd(stream), inside, budget, depth + 1);
    }
    closedir(stream);
    return found;
}

bool hidden_has_pictures(int parent, const char *name, size_t *budget) {
    return has_pictures(parent, name, budget, 0);
}
