/* A file's lines, one after the other, from any place on, whatever interrupts reading. */
#ifndef VERIFY_BASE_LINES_H
#define VERIFY_BASE_LINES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct lines {
    int file;        /* the caller's */
    uint64_t offset; /* where the next line begins */
    char *bytes;     /* of the file, from `offset` on; owned */
    size_t begin, end, capacity;
};

/* The line at `offset`, which comes next from then on: at a line's beginning, or in the middle of
 * one, whose rest is then a line. Start with a struct of the file and zeros, which is at 0. */
void lines_seek(struct lines *lines, uint64_t offset);
/* The next line, with its newline if it has one; it is the reader's until the next call. Returns
 * its length, 0 at the end, -1 with errno. */
ssize_t lines_next(struct lines *lines, const char **line);
/* Zeroed is fine. */
void lines_free(struct lines *lines);

#endif
