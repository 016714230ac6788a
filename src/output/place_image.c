/* An image into the output: as a link, or as a copy. */
#include "output/place_image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file_bytes.h"
#include "output/own.h"
#include "output/storage.h"

/* ---------------------------------------------------------------- failures */

enum status in_a_run(enum status status) {
    return status == STATUS_OK ? STATUS_OK : STATUS_FAILED;
}

/* The user's file: its own fault, as far as it is not the machine's. `error` 0: it is no file. */
static enum status cannot_read(const char *path, int error) {
    char buffer[128];
    const char *why = error ? strerror_r(error, buffer, sizeof buffer) : "it is not a regular file";
    return file_error_is_machine(error)
               ? FAIL(STATUS_FAILED, "cannot read %.1000s: %s", path, why)
               : FAIL(STATUS_BAD_INPUT, "cannot be read any more: %s", why);
}

/* ---------------------------------------------------------------- links */

/* A hard link is made to the picture itself where the list names a symbolic link to it. Returns 0
 * or an errno value. */
static int link_make(bool hard, const char *image, int folder, const char *name) {
    int failed = hard ? linkat(AT_FDCWD, image, folder, name, AT_SYMLINK_FOLLOW)
                      : symlinkat(image, folder, name);
    return failed ? errno : 0;
}

/* Whether the wanted link is there: from an earlier run, or because a network file system reported
 * as failed what it had done. */
static bool link_is_there(bool hard, const char *image, const struct dir_entry *at) {
    return hard ? own_hard_link(at, image) : own_symlink(at, image);
}

/* Returns 0 or an errno value. */
static int link_place(bool hard, const char *image, const struct dir_entry *at) {
    int error = link_make(hard, image, at->folder, at->name);
    if (error == 0 || link_is_there(hard, image, at))
        return 0;
    if (error != EEXIST)
        return error;
    /* Who places the same image at this moment may have changed what is looked at. */
    if (!own_replaceable_by(at, image))
        return link_is_there(hard, image, at) ? 0 : error;
    char temp[DRAFT_NAME_BYTES];
    error = draft_name(temp);
    if (error == 0)
        error = link_make(hard, image, at->folder, temp);
    if (error != 0)
        return error;
    if (renameat(at->folder, temp, at->folder, at->name) != 0)
        error = errno;
    /* Where both names are one file already, rename leaves both. */
    unlinkat(at->folder, temp, 0);
    return error == 0 || link_is_there(hard, image, at) ? 0 : error;
}

/* No hard link can be made to this image from here, or by this user. */
static bool wants_symlink(int error) {
    return error == EXDEV || error == EPERM || error == EMLINK || error == EOPNOTSUPP ||
           error == ENOSYS;
}

/* Returns 0 or an errno value. */
static int link_somehow(const char *image, const struct dir_entry *at, bool *hard) {
    int error = link_place(*hard, image, at);
    if (!*hard || !wants_symlink(error))
        return error;
    *hard = false;
    return link_place(false, image, at);
}

enum status image_link(const char *image, const struct location *location, bool *hard) {
    struct dir_entry at;
    int error = dir_entry_open(location, true, &at);
    if (error == 0) {
        error = link_somehow(image, &at, hard);
        dir_entry_close(&at);
    }
    if (error == 0)
        return STATUS_OK;
    struct stat about;
    if (*hard && stat(image, &about) != 0)
        return cannot_read(image, errno);
    enum status status = in_a_run(storage_failed(error, location, "cannot link %.500s as", image));
    return !*hard && error == EPERM
               ? FAIL(status, "%s (a file system without links needs --place copy)",
                      status_message())
               : status;
}

/* ---------------------------------------------------------------- copies */

/* A reflink where the file system can, else a copy within the kernel, else by hand. Returns 0 or
 * an errno value; *reading: it is the original's. */
static int contents_copy(int from, int to, bool *reading) {
    *reading = false;
    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    while (copy_file_range(from, NULL, to, NULL, 1 << 30, 0) > 0)
        ;
    /* Goes on wherever that ended, and meets its errors again; mostly it finds the end. */
    for (;;) {
        char buffer[1 << 16];
        ssize_t length = read(from, buffer, sizeof buffer);
        if (length == 0)
            return 0;
        *reading = length < 0;
        if (length < 0 && errno != EINTR)
            return errno;
        int error = length > 0 ? write_all(to, buffer, (size_t)length) : 0;
        if (error != 0)
            return error;
    }
}

void set_about(int file, const struct stat *about, mode_t more_mode) {
    fchmod(file, (about->st_mode & 0777) | more_mode);
    futimens(file, (struct timespec[]){about->st_atim, about->st_mtim});
}

/* Copies an open file with its permissions and its time of change. */
static enum status file_copy(int from, const struct stat *about, const char *name,
                             const struct location *location) {
    struct draft draft;
    bool reading;
    enum status status = in_a_run(draft_open(location, 0600, &draft));
    if (status != STATUS_OK)
        return status;
    int error = contents_copy(from, draft.file, &reading);
    if (error != 0) {
        status = reading ? cannot_read(name, error)
                         : in_a_run(storage_failed(error, location, "cannot copy %.500s to", name));
        draft_drop(&draft);
        return status;
    }
    set_about(draft.file, about, 0);
    return in_a_run(draft_commit(&draft));
}

/* Opens a regular file without waiting for a pipe's other end. *fd is -1 where it is something
 * else. Returns 0 or an errno value. */
static int regular_open(const char *path, int *fd, struct stat *about) {
    int error = 0;
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0)
        return errno;
    if (fstat(*fd, about) != 0)
        error = errno;
    if (error != 0 || !S_ISREG(about->st_mode)) {
        close(*fd);
        *fd = -1;
    }
    return error;
}

enum status image_copy(const char *image, const struct location *location) {
    int from;
    struct stat about;
    struct dir_entry at;
    int error = regular_open(image, &from, &about);
    if (from < 0)
        return cannot_read(image, error);
    enum status status = STATUS_OK;
    error = dir_entry_open(location, true, &at);
    if (error == 0) {
        error = own_replaceable_by(&at, image) ? 0 : EEXIST;
        dir_entry_close(&at);
    }
    if (error != 0)
        status = in_a_run(storage_failed(error, location, "cannot copy %.500s to", image));
    else
        status = file_copy(from, &about, image, location);
    close(from);
    return status;
}
