/* Reads small files whole. */
#include "data/file_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/special.h"

bool file_error_is_machine(int error) {
    return error == ENOMEM || error == EMFILE || error == ENFILE;
}

static enum status cannot_read(const char *path, int error, struct file_bytes *file) {
    file->error = error;
    if (file_error_is_machine(error))
        return FAIL(STATUS_FAILED, "%s: %s", path, strerror(error));
    snprintf(file->problem, sizeof file->problem, "cannot be read: %s", strerror(error));
    return STATUS_OK;
}

static void too_large(size_t limit, struct file_bytes *file) {
    snprintf(file->problem, sizeof file->problem, "larger than %zu MiB", limit >> 20);
}

/* Files that do not tell their size, as those of /proc, are read to their end. */
static enum status read_all(int fd, const char *path, size_t size, size_t limit,
                            struct file_bytes *file) {
    enum status status;
    size_t capacity = 0;
    TRY(memory_reserve(&file->bytes, &capacity, size + 1, 1));
    for (;;) {
        TRY(memory_reserve(&file->bytes, &capacity, file->length + 2, 1));
        ssize_t n = file_read_some(fd, file->bytes + file->length, capacity - file->length - 1);
        if (n < 0) {
            TRY(cannot_read(path, errno, file));
            break;
        }
        if (n == 0)
            break;
        file->length += (size_t)n;
        if (file->length == size)
            break;
        if (file->length > limit) {
            too_large(limit, file);
            break;
        }
    }
    file->bytes[file->length] = '\0';
out:
    return status;
}

static enum status read_once(const char *path, int flags, size_t limit, struct file_bytes *file) {
    enum status status = STATUS_OK;
    *file = (struct file_bytes){0};
    const struct stat *info = &file->about;
    int fd = file_open(path, flags, &file->about);
    if (fd == FILE_NOT_REGULAR) {
        snprintf(file->problem, sizeof file->problem, "%s",
                 S_ISDIR(info->st_mode) ? "is a folder" : "is not a regular file");
        return STATUS_OK;
    }
    if (fd < 0) {
        int error = errno;
        file->missing = error == ENOENT;
        if (!special_is_why(path, error))
            return cannot_read(path, error, file);
        snprintf(file->problem, sizeof file->problem, "is not a regular file");
        return STATUS_OK;
    }
    file->opened = true;
    if ((uintmax_t)info->st_size > limit)
        too_large(limit, file);
    else
        TRY(read_all(fd, path, (size_t)info->st_size, limit, file));
out:
    close(fd);
    if (status != STATUS_OK || file->problem[0]) {
        free(file->bytes);
        file->bytes = NULL;
        file->length = 0;
    }
    return status;
}

static enum status read_file(const char *path, int flags, size_t limit, struct file_bytes *file) {
    enum status status = read_once(path, flags, limit, file);
    /* A network file system's server has another file of that name now. */
    return file->error == ESTALE ? read_once(path, flags, limit, file) : status;
}

enum status file_bytes_read(const char *path, size_t limit, struct file_bytes *file) {
    return read_file(path, 0, limit, file);
}

enum status file_bytes_read_plain(const char *path, size_t limit, struct file_bytes *file) {
    return read_file(path, O_NOFOLLOW, limit, file);
}
