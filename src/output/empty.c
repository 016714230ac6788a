/* Folders that nothing is in any more. */
#include "output/empty.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "output/below.h"

static void drop_below(DIR *stream) {
    const struct dirent *entry;
    while (stream && (entry = readdir(stream)) != NULL)
        if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
            strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            folder_drop(dirfd(stream), entry->d_name);
    if (stream)
        closedir(stream);
}

void folder_drop(int parent, const char *name) {
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
        return;
    DIR *stream;
    below_stream(&(struct location){parent, NULL, name}, &stream);
    drop_below(stream);
    unlinkat(parent, name, AT_REMOVEDIR);
}

void folders_drop_empty(int folder) {
    DIR *stream;
    below_stream(&(struct location){folder, NULL, "."}, &stream);
    drop_below(stream);
}
