/* Opening and reading files, whatever lies under a name and however often a signal comes. What a
 * failure means is for the caller to say. */
#ifndef VERIFY_BASE_FILE_H
#define VERIFY_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

enum { FILE_NOT_REGULAR = -2 };

/* Opens a regular file for reading, with open()'s `flags` besides (O_NOFOLLOW), without waiting for
 * a FIFO. Returns the descriptor, which the caller closes; -1 with errno; or FILE_NOT_REGULAR where
 * it is a folder, a FIFO or a device, as *about says. */
int file_open(const char *path, int flags, struct stat *about);

/* Reads up to `size` bytes to where the file ends; the second from `offset` on, wherever the
 * descriptor stands. Return how many were read; -1 with errno. */
ssize_t file_read(int file, void *bytes, size_t size);
ssize_t file_read_at(int file, uint64_t offset, void *bytes, size_t size);

/* One read(), anew where a signal interrupts it: for files whose end is known. */
ssize_t file_read_some(int file, void *bytes, size_t size);

#endif
