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

/* Goes down the first `length` bytes of the spot's path. Returns a descriptor, or -1 with errno. */
static int walk(const struct spot *spot, size_t length, bool make) {
    int at = openat(spot->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t begin = 0; at >= 0 && begin < length;) {
        char name[NAME_MAX + 1];
        size_t end = begin;
        while (end < length && spot->path[end] != '/')
            end++;
        size_t bytes = end - begin;
        int next = -1;
        if (bytes > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else {
            memcpy(name, spot->path + begin, bytes);
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

int seat_take(const struct spot *spot, bool make, struct seat *seat) {
    const char *slash = strrchr(spot->path, '/');
    *seat = (struct seat){spot->folder, spot->path, false};
    if (!slash)
        return 0;
    seat->folder = walk(spot, (size_t)(slash - spot->path), make);
    if (seat->folder < 0)
        return errno;
    seat->name = slash + 1;
    seat->opened = true;
    return 0;
}

void seat_leave(const struct seat *seat) {
    if (seat->opened)
        close(seat->folder);
}

int below_folder(const struct spot *spot, bool make, int *folder) {
    *folder = walk(spot, strlen(spot->path), make);
    return *folder < 0 ? errno : 0;
}

int below_stream(const struct spot *spot, DIR **stream) {
    int folder, error = below_folder(spot, false, &folder);
    *stream = error == 0 ? fdopendir(folder) : NULL;
    if (error == 0 && !*stream) {
        error = errno;
        close(folder);
    }
    return error;
}

enum status below_next(DIR *stream, const struct spot *spot, const struct dirent **entry) {
    errno = 0;
    *entry = readdir(stream);
    return *entry || errno == 0 ? STATUS_OK : storage_failed(errno, spot, "cannot read the folder");
}

enum status output_folder_open(const char *output, bool optional, int *folder) {
    *folder = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder >= 0 || (optional && errno == ENOENT))
        return STATUS_OK;
    return storage_failed(errno, &(struct spot){AT_FDCWD, NULL, output},
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

int seat_file(const struct seat *seat, int flags, mode_t mode, int *file) {
    *file = openat(seat->folder, seat->name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                   mode);
    int error = *file < 0 ? errno : check(*file, (flags & O_ACCMODE) != O_RDONLY);
    if (error != 0 && *file >= 0) {
        close(*file);
        *file = -1;
    }
    return error;
}

int below_file(const struct spot *spot, int flags, mode_t mode, int *file) {
    struct seat seat;
    *file = -1;
    int error = seat_take(spot, false, &seat);
    if (error != 0)
        return error;
    error = seat_file(&seat, flags, mode, file);
    seat_leave(&seat);
    return error;
}

enum status below_file_open(const struct spot *spot, int flags, mode_t mode, const char *what,
                            int *file) {
    int error = below_file(spot, flags, mode, file);
    return error == 0 ? STATUS_OK : storage_failed(error, spot, "%s", what);
}
