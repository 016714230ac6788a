/* A small file read whole; what is wrong with it is data. */
#ifndef VERIFY_DATA_FILE_BYTES_H
#define VERIFY_DATA_FILE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/status.h"

/* Whether an errno speaks of the machine (memory, file descriptors) rather than of the file. */
bool file_error_is_machine(int error);

struct file_bytes {
    char
        *bytes; /* NULL unless the file was read; a NUL follows the last byte; free() releases it */
    size_t length;
    bool missing;      /* there is no such file */
    bool opened;       /* a regular file that may be read, if too large to be */
    int error;         /* of the system call that failed; 0: none */
    struct stat about; /* of an opened file, before it was read */
    char problem[128]; /* why it was not read: "is a folder"; empty where it was */
};

/* Reads a regular file of at most `limit` bytes: as long as it is when it is opened. Only a lack of
 * memory or of file descriptors is a failure. A FIFO does not block. */
enum status file_bytes_read(const char *path, size_t limit, struct file_bytes *file);
/* The same, but a file that is a symbolic link is not read: `error` is ELOOP. */
enum status file_bytes_read_plain(const char *path, size_t limit, struct file_bytes *file);

#endif
