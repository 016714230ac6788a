/* Follows label files that are links. */
#include "data/label_link.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/label.h"
#include "data/path.h"
#include "data/picture.h"

/* Whether a path lies below a folder that may have links in its path, the first `length` bytes of
 * `path`. Below "/" everything lies, so that no data set is that folder. */
static bool is_below_folder(const char *target, const char *path, size_t length) {
    char *folder = strndup(path, length);
    char *resolved = folder ? realpath(folder, NULL) : NULL;
    bool below = resolved && resolved[1] != '\0' && path_is_below(target, resolved);
    free(folder);
    free(resolved);
    return below;
}

/* Length of the path up to its last folder `labels`, with it; 0: there is none. */
static size_t labels_length(const char *path) {
    size_t found = 0;
    for (const char *at = path; (at = strstr(at, "/labels/")) != NULL; at++)
        found = (size_t)(at - path) + strlen("/labels");
    return found;
}

/* Length of the image's path up to the folder in whose place the label's has `labels`, with it; 0
 * where that is a link, which may lead to any folder of the user's. */
static size_t images_length(const char *image, size_t labels) {
    struct stat about;
    size_t above = labels - strlen("labels");
    const char *slash = strlen(image) > above ? strchr(image + above, '/') : NULL;
    char *folder = slash ? strndup(image, (size_t)(slash - image)) : NULL;
    bool real = folder && lstat(folder, &about) == 0 && S_ISDIR(about.st_mode);
    free(folder);
    return real ? (size_t)(slash - image) : 0;
}

static bool is_within(const char *target, const char *path, const char *image, const char *extent) {
    if (is_below_folder(target, extent, strlen(extent)))
        return true;
    size_t labels = labels_length(path);
    if (!labels) {
        const char *slash = strrchr(path, '/');
        return slash && is_below_folder(target, path, (size_t)(slash - path));
    }
    return is_below_folder(target, path, labels) ||
           is_below_folder(target, image, images_length(image, labels));
}

/* Whether it is the label file of the picture that an image leads to, and no link there: sets are
 * often made of links to the images and labels of others. */
static bool is_of_picture(const char *target, const char *image) {
    struct stat about;
    char *picture = realpath(image, NULL), *label = NULL, *resolved = NULL;
    if (picture && picture_kind(picture) && label_path(picture, &label) == STATUS_OK &&
        lstat(label, &about) == 0 && S_ISREG(about.st_mode))
        resolved = realpath(label, NULL);
    bool is_of = resolved && strcmp(resolved, target) == 0;
    free(picture);
    free(label);
    free(resolved);
    return is_of;
}

static void not_read(struct file_bytes *file, int error, const char *problem, const char *why) {
    *file = (struct file_bytes){.error = error};
    snprintf(file->problem, sizeof file->problem, "%s%s", problem, why);
}

enum status label_link_read(const char *path, const char *image, const char *extent, size_t limit,
                            struct file_bytes *file) {
    enum status status = STATUS_OK;
    char *target = realpath(path, NULL);
    if (!target && file_error_is_machine(errno))
        return FAIL(STATUS_FAILED, "%s: %s", path, strerror(errno));
    if (!target && errno == ENOENT)
        not_read(file, 0, "is a link that leads nowhere", "");
    else if (!target)
        not_read(file, errno, "cannot be read: ", strerror(errno));
    else if (!is_within(target, path, image, extent) && !is_of_picture(target, image))
        not_read(file, 0, "is a link that leaves the data set: not read", "");
    else
        status = file_bytes_read_plain(target, limit, file);
    free(target);
    return status;
}
