/* Opening what lies below a folder, step by step. */
#include "output/below.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/storage.h"

/* One step down. Returns a descriptor, or -1 with errno. */
static int enter(int folder, const char *name, bool make) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int next = openat(folder, name, flags);
    if (next >= 0 || errno != ENOENT || !make)
        return next;
    /* Another process may have made it just now. */
    if (mkdirat(folder, name, 0777) != 0 && errno != EEXIST)
        return -1;
    return openat(folder, name, flags);
}

/* Goes down the first `length` bytes of the location's path. Returns a descriptor, or -1 with
 * errno. */
static int walk(const struct location *location, size_t length, bool make) {
    int at = openat(location->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t begin = 0; at >= 0 && begin < length;) {
        char name[NAME_MAX + 1];
        size_t end = begin;
        while (end < length && location->path[end] != '/')
            end++;
        size_t bytes = end - begin;
        int next = -1;
        if (bytes > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else {
            memcpy(name, location->path + begin, bytes);
            name[bytes] = '\0';
            if (strcmp(name, "..") == 0)
                errno = EINVAL;
            else
                next = enter(at, *name ? name : ".", make);
        }
        int error = errno;
        close(at);
        errno = error;
        at = next;
        begin = end + 1;
    }
    return at;
}

int dir_entry_open(const struct location *location, bool make, struct dir_entry *at) {
    const char *slash = strrchr(location->path, '/');
    *at = (struct dir_entry){location->folder, location->path, false};
    if (!slash)
        return 0;
    at->folder = walk(location, (size_t)(slash - location->path), make);
    if (at->folder < 0)
        return errno;
    at->name = slash + 1;
    at->opened = true;
    return 0;
}

void dir_entry_close(const struct dir_entry *at) {
    if (at->opened)
        close(at->folder);
}

int below_folder(const struct location *location, bool make, int *folder) {
    *folder = walk(location, strlen(location->path), make);
    return *folder < 0 ? errno : 0;
}

int below_stream(const struct location *location, DIR **stream) {
    int folder, error = below_folder(location, false, &folder);
    *stream = error == 0 ? fdopendir(folder) : NULL;
    if (error == 0 && !*stream) {
        error = errno;
        close(folder);
    }
    return error;
}

enum status below_next(DIR *stream, const struct location *location, const struct dirent **entry) {
    errno = 0;
    *entry = readdir(stream);
    return *entry || errno == 0 ? STATUS_OK
                                : storage_failed(errno, location, "cannot read the folder");
}

enum status output_folder_open(const char *output, bool optional, int *folder) {
    *folder = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder >= 0 || (optional && errno == ENOENT))
        return STATUS_OK;
    return storage_failed(errno, &(struct location){AT_FDCWD, NULL, output},
                          "cannot open the output folder");
}

/* Whether an open file is what it is taken for. Returns 0 or an errno value. */
static int check(int file, bool writing) {
    struct stat about;
    if (fstat(file, &about) != 0)
        return errno;
    if (!S_ISREG(about.st_mode))
        return ENXIO;
    return writing && about.st_nlink > 1 ? EMLINK : 0;
}

int dir_entry_file(const struct dir_entry *at, int flags, mode_t mode, int *file) {
    *file =
        openat(at->folder, at->name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode);
    int error = *file < 0 ? errno : check(*file, (flags & O_ACCMODE) != O_RDONLY);
    if (error != 0 && *file >= 0) {
        close(*file);
        *file = -1;
    }
    return error;
}

int below_file(const struct location *location, int flags, mode_t mode, int *file) {
    struct dir_entry at;
    *file = -1;
    int error = dir_entry_open(location, false, &at);
    if (error != 0)
        return error;
    error = dir_entry_file(&at, flags, mode, file);
    dir_entry_close(&at);
    return error;
}

enum status below_file_open(const struct location *location, int flags, mode_t mode,
                            const char *what, int *file) {
    int error = below_file(location, flags, mode, file);
    return error == 0 ? STATUS_OK : storage_failed(error, location, "%s", what);
}
