/* Opening and reading files. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int file_open(const char *path, int flags, struct stat *about) {
    int file;
    do
        file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    while (file < 0 && errno == EINTR);
    if (file < 0)
        return -1;
    int error = fstat(file, about) == 0 ? 0 : errno;
    if (error == 0 && S_ISREG(about->st_mode))
        return file;
    close(file);
    errno = error;
    return error != 0 ? -1 : FILE_NOT_REGULAR;
}

ssize_t file_read_some(int file, void *bytes, size_t size) {
    ssize_t n;
    do
        n = read(file, bytes, size);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t file_read(int file, void *bytes, size_t size) {
    size_t length = 0;
    while (length < size) {
        ssize_t n = file_read_some(file, (char *)bytes + length, size - length);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        length += (size_t)n;
    }
    return (ssize_t)length;
}

ssize_t file_read_at(int file, uint64_t offset, void *bytes, size_t size) {
    size_t length = 0;
    while (length < size) {
        ssize_t n = pread(file, (char *)bytes + length, size - length, (off_t)(offset + length));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        length += (size_t)n;
    }
    return (ssize_t)length;
}
