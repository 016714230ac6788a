/* Files that appear whole or not at all, and errors that say what to do. */
#include "output/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "output/place.h"

enum { WHAT_SIZE = 1200, WHY_SIZE = 300 };
/* Room for what is made in a folder. */
enum { LONGEST_NAME = 64 };

/* The file system that the location lies in, asked of the deepest folder on its way that exists. */
static bool file_system_of(const struct location *location, struct statvfs *out) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", location->path);
    int fd = -1;
    while (fd < 0) {
        char *slash = strrchr(path, '/');
        if (slash && slash != path)
            *slash = '\0';
        else
            snprintf(path, sizeof path, "%s", slash ? "/" : ".");
        fd = openat(location->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (strcmp(path, "/") == 0 || strcmp(path, ".") == 0)
            break;
    }
    if (fd < 0)
        return false;
    bool known = fstatvfs(fd, out) == 0;
    close(fd);
    return known;
}

static void explain_no_space(const struct location *location, char why[WHY_SIZE]) {
    struct statvfs fs;
    if (!file_system_of(location, &fs)) {
        snprintf(why, WHY_SIZE, "the disk is full: free some space or choose another --output");
        return;
    }
    uint64_t bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (fs.f_files > 0 && fs.f_favail == 0)
        snprintf(why, WHY_SIZE,
                 "the file system has no inodes left (%" PRIu64 " in use), though %" PRIu64
                 " bytes are free: remove some files or choose another --output",
                 (uint64_t)fs.f_files, bytes);
    else if (bytes < 1 << 20)
        snprintf(why, WHY_SIZE,
                 "the disk is full (%" PRIu64
                 " bytes free): free some space or choose another --output",
                 bytes);
    else
        snprintf(why, WHY_SIZE,
                 "the folder takes no more entries, though %" PRIu64 " bytes and %" PRIu64
                 " inodes are free: spread the images over more folders",
                 bytes, (uint64_t)fs.f_favail);
}

/* Why and what to do, for one errno value. */
static enum status explain(int error, const struct location *location, char why[WHY_SIZE]) {
    char buffer[128];
    const char *reason = strerror_r(error, buffer, sizeof buffer);
    switch (error) {
    case ENOSPC:
        explain_no_space(location, why);
        return STATUS_FAILED;
    case EDQUOT:
        snprintf(why, WHY_SIZE,
                 "your disk quota is used up: free some space or choose another --output");
        return STATUS_FAILED;
    case EACCES:
    case EPERM:
        snprintf(why, WHY_SIZE, "%s: allow writing there or choose another --output", reason);
        return STATUS_BAD_INPUT;
    case EROFS:
        snprintf(why, WHY_SIZE, "the file system is read-only: choose another --output");
        return STATUS_BAD_INPUT;
    case ENOTDIR:
    case EEXIST:
    case EISDIR:
    case ELOOP:
        snprintf(why, WHY_SIZE, "%s: something else of that name is in the way; move it", reason);
        return STATUS_BAD_INPUT;
    case ENXIO: /* below_file */
        snprintf(why, WHY_SIZE, "it is not a regular file: move it");
        return STATUS_BAD_INPUT;
    case EMLINK: /* below_file */
        snprintf(why, WHY_SIZE,
                 "it has other names (hard links), which would be written to as well: move it");
        return STATUS_BAD_INPUT;
    case ENOENT:
        snprintf(why, WHY_SIZE, "%s: its folder has been removed", reason);
        return STATUS_FAILED;
    case EFBIG:
        snprintf(why, WHY_SIZE,
                 "%s: raise the limit (ulimit -f), or choose an --output that takes large files",
                 reason);
        return STATUS_FAILED;
    case EIO:
        snprintf(why, WHY_SIZE, "%s: look after the disk or choose another --output", reason);
        return STATUS_FAILED;
    case ENAMETOOLONG:
        snprintf(why, WHY_SIZE, "%s: choose an --output with a shorter path", reason);
        return STATUS_BAD_INPUT;
    default:
        snprintf(why, WHY_SIZE, "%s", reason);
        return STATUS_FAILED;
    }
}

enum status storage_failed(int error, const struct location *location, const char *what, ...) {
    char text[WHAT_SIZE], why[WHY_SIZE];
    va_list args;
    va_start(args, what);
    int length = vsnprintf(text, sizeof text, what, args);
    va_end(args);
    /* A path of any length must leave room for the reason. */
    if (length >= 0 && length < WHAT_SIZE)
        length += snprintf(text + length, sizeof text - (size_t)length, " %s%s%s",
                           location->root ? location->root : "", location->root ? "/" : "",
                           location->path);
    enum status code = explain(error, location, why);
    return FAIL(code, "%s%s: %s", text, length < WHAT_SIZE ? "" : "...", why);
}

static bool is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

enum status make_folders(const char *whole) {
    char *path;
    if (strlen(whole) >= PATH_MAX - LONGEST_NAME)
        return FAIL(STATUS_BAD_INPUT, "%.200s...: the path is too long: choose a shorter one",
                    whole);
    enum status status = memory_string(whole, &path);
    if (status != STATUS_OK)
        return status;
    size_t length = strlen(whole);
    for (size_t i = 1; i <= length; i++) {
        if (i < length && whole[i] != '/')
            continue;
        path[i] = '\0';
        if (mkdir(path, 0777) != 0) {
            int error = errno;
            if (!is_folder(path)) {
                struct location made = {AT_FDCWD, NULL, path};
                /* All above is there, so that it is the file system that takes no folders. */
                status = storage_failed(error == ENOENT ? EPERM : error, &made,
                                        "cannot make the folder");
                break;
            }
        }
        if (i < length)
            path[i] = '/';
    }
    free(path);
    return status;
}

int write_all(int file, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0) {
            if (errno == EINTR)
                continue;
            return errno;
        }
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

int draft_name(char name[DRAFT_NAME_BYTES]) {
    uint64_t token;
    if (getrandom(&token, sizeof token, 0) != (ssize_t)sizeof token)
        return errno;
    snprintf(name, DRAFT_NAME_BYTES, DRAFT_PREFIX "%0*" PRIx64, DRAFT_DIGITS, token);
    return 0;
}

bool is_draft(const char *name) {
    size_t prefix = strlen(DRAFT_PREFIX);
    return strncmp(name, DRAFT_PREFIX, prefix) == 0 &&
           strspn(name + prefix, "0123456789abcdef") == DRAFT_DIGITS &&
           name[prefix + DRAFT_DIGITS] == '\0';
}

enum status draft_open(const struct location *location, mode_t mode, struct draft *draft) {
    draft->location = *location;
    draft->file = -1;
    int error = dir_entry_open(location, true, &draft->at);
    if (error != 0)
        return storage_failed(error, location, "cannot write");
    error = draft_name(draft->temp);
    if (error == 0) {
        const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        draft->file = openat(draft->at.folder, draft->temp, flags, mode);
        error = draft->file < 0 ? errno : 0;
    }
    if (error == 0)
        return STATUS_OK;
    dir_entry_close(&draft->at);
    return storage_failed(error, location, "cannot write");
}

int file_move(int folder, const char *from, int to_folder, const char *to,
              const struct stat *about) {
    struct stat here;
    if (renameat(folder, from, to_folder, to) == 0)
        return 0;
    int error = errno;
    bool done = fstatat(to_folder, to, &here, AT_SYMLINK_NOFOLLOW) == 0 &&
                here.st_dev == about->st_dev && here.st_ino == about->st_ino;
    return done ? 0 : error;
}

enum status draft_commit(struct draft *draft) {
    const struct dir_entry *at = &draft->at;
    struct stat about;
    int error = fstat(draft->file, &about) == 0 ? 0 : errno;
    /* Network file systems may report a full disk or quota only here. */
    if (close(draft->file) != 0)
        error = errno;
    draft->file = -1;
    if (error == 0)
        error = file_move(at->folder, draft->temp, at->folder, at->name, &about);
    if (error == 0) {
        dir_entry_close(at);
        return STATUS_OK;
    }
    enum status status = storage_failed(error, &draft->location, "cannot write");
    draft_drop(draft);
    return status;
}

void draft_drop(struct draft *draft) {
    if (draft->file >= 0)
        close(draft->file);
    unlinkat(draft->at.folder, draft->temp, 0);
    dir_entry_close(&draft->at);
}

static enum status draft_fail(struct draft *draft, int error) {
    enum status status = storage_failed(error, &draft->location, "cannot write");
    draft_drop(draft);
    return status;
}

enum status draft_write(struct draft *draft, const char *bytes, size_t length) {
    int error = write_all(draft->file, bytes, length);
    return error == 0 ? STATUS_OK : draft_fail(draft, error);
}

enum status file_write(const struct location *location, const char *bytes, size_t length,
                       bool durable) {
    enum status status;
    struct draft draft;
    TRY(draft_open(location, 0666, &draft));
    TRY(draft_write(&draft, bytes, length));
    if (durable && fsync(draft.file) != 0)
        return draft_fail(&draft, errno);
    TRY(draft_commit(&draft));
    if (durable && fsync(location->folder) != 0)
        status = storage_failed(errno, location, "cannot make sure of");
out:
    return status;
}
