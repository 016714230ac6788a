/* Removes trainers' caches. */
#include "review/apply/caches.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/shown.h"
#include "data/path.h"
#include "output/storage.h"

#define CACHE_SUFFIX ".cache"

void caches_free(struct caches *caches) {
    text_free(&caches->folder);
    text_free(&caches->within);
}

static bool is_same(const struct text *text, const char *bytes, size_t length) {
    return text->data && text->length == length && memcmp(text->data, bytes, length) == 0;
}

static enum status remember(struct text *text, const char *bytes, size_t length) {
    text_clear(text);
    text_bytes(text, bytes, length);
    return text_status(text);
}

/* Removes a path, if it is a file. */
static enum status remove_file(struct caches *caches, const char *path) {
    struct stat about;
    struct location location = {AT_FDCWD, NULL, path};
    if (lstat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return STATUS_OK;
    if (unlink(path) != 0)
        return errno == ENOENT ? STATUS_OK : storage_failed(errno, &location, "cannot remove");
    caches->removed++;
    line_print(stdout, "Removed the trainer's cache %s", path);
    return STATUS_OK;
}

/* That of a folder: "labels" has "labels.cache", "v1.0" has "v1.cache". */
static enum status remove_beside(struct caches *caches, const char *folder) {
    enum status status;
    struct text path = {0};
    const char *name = strrchr(folder, '/') + 1, *dot = strrchr(name, '.');
    size_t length = dot && dot > name ? (size_t)(dot - folder) : strlen(folder);
    text_bytes(&path, folder, length);
    text_string(&path, CACHE_SUFFIX);
    TRY(text_status(&path));
    status = *name ? remove_file(caches, path.data) : STATUS_OK;
out:
    text_free(&path);
    return status;
}

static enum status remove_of_folders(struct caches *caches, const char *within) {
    enum status status = STATUS_OK;
    struct text folder = {0};
    text_bytes(&folder, caches->folder.data, caches->folder.length);
    TRY(text_status(&folder));
    do {
        TRY(remove_beside(caches, folder.data));
        size_t length = path_folder_length(folder.data);
        folder.data[length] = '\0';
    } while (path_is_below(folder.data, within) && folder.data[1]);
out:
    text_free(&folder);
    return status;
}

/* Those of lists, right in a folder. */
static enum status remove_of_lists(struct caches *caches, const char *within) {
    enum status status = STATUS_OK;
    struct text path = {0};
    DIR *stream = opendir(within);
    const struct dirent *entry;
    while (stream && (entry = readdir(stream)) != NULL) {
        size_t length = strlen(entry->d_name), suffix = strlen(CACHE_SUFFIX);
        if (length <= suffix || strcmp(entry->d_name + length - suffix, CACHE_SUFFIX) != 0)
            continue;
        text_clear(&path);
        text_format(&path, "%s/%.*s.txt", within, (int)(length - suffix), entry->d_name);
        TRY(text_status(&path));
        bool has_list = access(path.data, F_OK) == 0;
        text_clear(&path);
        text_format(&path, "%s/%s", within, entry->d_name);
        TRY(text_status(&path));
        if (has_list)
            TRY(remove_file(caches, path.data));
    }
out:
    if (stream)
        closedir(stream);
    text_free(&path);
    return status;
}

enum status caches_remove(struct caches *caches, const char *label, const char *within) {
    enum status status = STATUS_OK;
    size_t length = path_folder_length(label);
    if (!is_same(&caches->within, within, strlen(within))) {
        TRY(remember(&caches->within, within, strlen(within)));
        TRY(remove_of_lists(caches, within));
    }
    if (!is_same(&caches->folder, label, length)) {
        TRY(remember(&caches->folder, label, length));
        TRY(remove_of_folders(caches, within));
    }
out:
    return status;
}
