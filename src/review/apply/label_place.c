/* Replaces label files, each at once. */
#include "review/apply/label_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fingerprint.h"
#include "base/memory.h"
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

/* Opens the folder, below the deepest one that is there. */
static enum status open_folder(struct label_place *place, const char *top, const char *rest,
                               bool make) {
    struct location location = {AT_FDCWD, NULL, top};
    struct dir_entry at;
    int above = open(top, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (above < 0)
        return storage_failed(errno, &location, "cannot open the folder");
    location = (struct location){above, top, rest};
    int error = dir_entry_open(&location, make, &at);
    if (error == 0)
        place->folder = at.opened ? at.folder : above;
    enum status status = error == 0 ? STATUS_OK : storage_failed(error, &location, "cannot write");
    if (place->folder != above)
        close(above);
    return status;
}

enum status label_place_open(const char *path, const char *within, bool make,
                             struct label_place *place) {
    enum status status;
    char folder[PATH_MAX], digits[FINGERPRINT_DIGITS + 1];
    const char *rest = "", *why = label_place_check(path, within);
    *place = (struct label_place){.folder = -1};
    if (why || !resolve(path, folder, &rest))
        return FAIL(STATUS_BAD_INPUT, "%.1000s: %s", path, why ? why : "its folder is gone");
    TRY(memory_string(path, &place->path));
    place->name = strrchr(place->path, '/') + 1;
    fingerprint_text(fingerprint_bytes(FINGERPRINT_START, path, strlen(path)), digits);
    snprintf(place->draft, sizeof place->draft, DRAFT_PREFIX "%s", digits);
    TRY(open_folder(place, folder, rest, make));
    unlinkat(place->folder, place->draft, 0);
out:
    return status;
}

void label_place_close(struct label_place *place) {
    if (place->folder >= 0 && place->drafted)
        unlinkat(place->folder, place->draft, 0);
    if (place->folder >= 0)
        close(place->folder);
    free(place->path);
    *place = (struct label_place){.folder = -1};
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

/* Only the superuser may give files away: else the new one is ours. */
static void set_about(int file, const struct stat *about) {
    if (fchown(file, about->st_uid, about->st_gid) != 0 &&
        fchown(file, (uid_t)-1, about->st_gid) != 0)
        errno = 0;
    fchmod(file, about->st_mode & 07777);
}

enum status label_place_draft(struct label_place *place, const char *bytes, size_t length) {
    struct stat about;
    struct location shown = location_of(place);
    struct dir_entry at = {place->folder, place->draft, false};
    int file, error = dir_entry_file(&at, O_WRONLY | O_CREAT | O_EXCL, 0666, &file);
    if (error != 0)
        return storage_failed(error, &shown, "cannot write");
    place->drafted = true;
    error = write_all(file, bytes, length);
    if (fstatat(place->folder, place->name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(about.st_mode))
        set_about(file, &about);
    if (close(file) != 0 && error == 0)
        error = errno;
    return error == 0 ? STATUS_OK : storage_failed(error, &shown, "cannot write");
}

enum status label_place_commit(struct label_place *place) {
    struct stat about;
    struct location shown = location_of(place);
    int error = fstatat(place->folder, place->draft, &about, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    if (error == 0)
        error = file_move(place->folder, place->draft, place->folder, place->name, &about);
    place->drafted = error != 0;
    return error == 0 ? STATUS_OK : storage_failed(error, &shown, "cannot write");
}

enum status label_place_remove(const struct label_place *place) {
    struct location shown = location_of(place);
    return unlinkat(place->folder, place->name, 0) == 0 || errno == ENOENT
               ? STATUS_OK
               : storage_failed(errno, &shown, "cannot remove");
}
