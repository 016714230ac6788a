/* Paths and file names as text. */
#include "data/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void remove_last(struct text *out) {
    size_t length = out->length;
    while (length > 0 && out->data[length - 1] != '/')
        length--;
    out->length = length > 0 ? length - 1 : 0;
    if (out->data)
        out->data[out->length] = '\0';
}

/* Takes back the last component. The folder above a link is the one that holds what the link leads
 * to, as for open(2). */
static void go_up(struct text *out) {
    struct stat about;
    bool is_link = out->length > 0 && lstat(out->data, &about) == 0 && S_ISLNK(about.st_mode);
    char *target = is_link ? realpath(out->data, NULL) : NULL;
    if (target) {
        text_clear(out);
        text_string(out, target);
        free(target);
    }
    remove_last(out);
}

static void append_normal(struct text *out, const char *path) {
    while (*path && !out->failed) {
        size_t length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.')
            go_up(out);
        else if (length > 0 && !(length == 1 && path[0] == '.')) {
            text_bytes(out, "/", 1);
            text_bytes(out, path, length);
        }
        path += length;
        path += *path == '/';
    }
}

enum status path_absolute(const char *base, const char *path, struct text *out) {
    text_clear(out);
    if (path[0] != '/' && base)
        append_normal(out, base);
    else if (path[0] != '/') {
        char *current = getcwd(NULL, 0);
        if (!current)
            return FAIL(STATUS_FAILED, "cannot tell the current folder: %s", strerror(errno));
        append_normal(out, current);
        free(current);
    }
    append_normal(out, path);
    if (out->length == 0)
        text_string(out, "/");
    return text_status(out);
}

size_t path_folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash > path ? (size_t)(slash - path) : 1;
}

bool path_is_below(const char *path, const char *folder) {
    size_t length = strlen(folder);
    return length == 1 || (strncmp(path, folder, length) == 0 && path[length] == '/');
}
