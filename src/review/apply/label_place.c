/* Replaces label files, each at once. */
#include "review/apply/label_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/path.h"
#include "output/own.h"
#include "output/storage.h"

/* The deepest folder of a path that is there, without links, and what follows it; false: the path
 * is not one of a file in folders. */
static bool resolve(const char *path, char folder[PATH_MAX], const char **rest) {
    char above[PATH_MAX];
    size_t length = path_folder_length(path);
    if (length >= sizeof above)
        return false;
    for (;;) {
        memcpy(above, path, length);
        above[length] = '\0';
        if (realpath(above, folder)) {
            *rest = path + length + strspn(path + length, "/");
            return true;
        }
        if (errno != ENOENT || length == 1)
            return false;
        length = path_folder_length(above);
    }
}

const char *label_place_check(const char *path, const char *within) {
    char folder[PATH_MAX], root[PATH_MAX];
    const char *rest;
    struct stat about;
    if (!resolve(path, folder, &rest))
        return "the label file's folder cannot be reached";
    if (!within || !realpath(within, root) ||
        (strcmp(folder, root) != 0 && !path_is_below(folder, root)))
        return "the label file's folder is a link that leaves the data set: it is not followed";
    if (lstat(path, &about) == 0 && !S_ISREG(about.st_mode))
        return "the label file is not a regular file";
    return NULL;
}

enum status label_place_open(const char *path, const char *within, bool make,
                             struct label_place *place) {
    char folder[PATH_MAX];
    const char *rest = "", *why = label_place_check(path, within);
    *place = (struct label_place){.folder = -1, .path = path, .name = strrchr(path, '/') + 1};
    if (why || !resolve(path, folder, &rest))
        return FAIL(STATUS_BAD_INPUT, "%.1000s: %s", path, why ? why : "its folder is gone");
    struct location top = {AT_FDCWD, NULL, folder};
    int above = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (above < 0)
        return storage_failed(errno, &top, "cannot open the folder");
    struct location location = {above, folder, rest};
    struct dir_entry at;
    int error = dir_entry_open(&location, make, &at);
    if (error == 0 && at.opened) {
        place->folder = at.folder;
        close(above);
    } else {
        place->folder = above;
    }
    if (error == 0)
        return STATUS_OK;
    label_place_close(place);
    return storage_failed(error, &location, "cannot write");
}

void label_place_close(struct label_place *place) {
    if (place->folder >= 0)
        close(place->folder);
    place->folder = -1;
}

static struct dir_entry entry_of(const struct label_place *place) {
    return (struct dir_entry){place->folder, place->name, false};
}

bool label_place_has(const struct label_place *place, const char *bytes, size_t length) {
    struct stat about;
    struct dir_entry at = entry_of(place);
    if (!bytes)
        return fstatat(place->folder, place->name, &about, AT_SYMLINK_NOFOLLOW) != 0 &&
               errno == ENOENT;
    return own_bytes(&at, bytes, length);
}

/* Failures say where by the path that the user knows. */
static struct location location_of(const struct label_place *place) {
    return (struct location){AT_FDCWD, NULL, place->path};
}

static enum status write_draft(const struct label_place *place, const char *bytes, size_t length,
                               const struct stat *about) {
    enum status status;
    struct draft draft;
    struct location inside = {place->folder, NULL, place->name}, shown = location_of(place);
    TRY(draft_open(&inside, 0666, &draft));
    draft.location = shown;
    TRY(draft_write(&draft, bytes, length));
    if (about) {
        /* Only the superuser may give files away: else the new one is ours. */
        if (fchown(draft.file, about->st_uid, about->st_gid) != 0 &&
            fchown(draft.file, (uid_t)-1, about->st_gid) != 0)
            errno = 0;
        fchmod(draft.file, about->st_mode & 07777);
    }
    if (fsync(draft.file) != 0) {
        status = storage_failed(errno, &shown, "cannot make sure of");
        draft_drop(&draft);
        return status;
    }
    status = draft_commit(&draft);
out:
    return status;
}

enum status label_place_write(const struct label_place *place, const char *bytes, size_t length) {
    enum status status;
    struct stat about;
    struct location shown = location_of(place);
    bool there = fstatat(place->folder, place->name, &about, AT_SYMLINK_NOFOLLOW) == 0;
    TRY(write_draft(place, bytes, length, there && S_ISREG(about.st_mode) ? &about : NULL));
    if (fsync(place->folder) != 0)
        status = storage_failed(errno, &shown, "cannot make sure of");
out:
    return status;
}

enum status label_place_remove(const struct label_place *place) {
    struct location shown = location_of(place);
    if (unlinkat(place->folder, place->name, 0) != 0 && errno != ENOENT)
        return storage_failed(errno, &shown, "cannot remove");
    return fsync(place->folder) == 0 ? STATUS_OK
                                     : storage_failed(errno, &shown, "cannot make sure of");
}
