/* A file's lines. */
#include "base/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

enum { READ_BYTES = 1 << 16 };

void lines_seek(struct lines *lines, uint64_t offset) {
    lines->offset = offset;
    lines->begin = lines->end = 0;
}

/* Reads on behind what is there. How much; -1 with errno. */
static ssize_t read_more(struct lines *lines) {
    size_t kept = lines->end - lines->begin;
    if (lines->begin > 0)
        memmove(lines->bytes, lines->bytes + lines->begin, kept);
    lines->begin = 0;
    lines->end = kept;
    if (memory_reserve(&lines->bytes, &lines->capacity, kept + READ_BYTES, 1) != STATUS_OK) {
        errno = ENOMEM;
        return -1;
    }
    ssize_t n = file_read_at(lines->file, lines->offset + kept, lines->bytes + kept,
                             lines->capacity - kept);
    lines->end += n > 0 ? (size_t)n : 0;
    return n;
}

ssize_t lines_next(struct lines *lines, const char **line) {
    size_t seen = 0;
    const char *end = NULL;
    for (;;) {
        size_t length = lines->end - lines->begin;
        if (length > seen)
            end = memchr(lines->bytes + lines->begin + seen, '\n', length - seen);
        if (end)
            break;
        seen = length;
        ssize_t n = read_more(lines);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
    }
    *line = lines->bytes + lines->begin;
    size_t length = end ? (size_t)(end - *line) + 1 : lines->end - lines->begin;
    lines->begin += length;
    lines->offset += length;
    return (ssize_t)length;
}

void lines_free(struct lines *lines) {
    free(lines->bytes);
    lines->bytes = NULL;
    lines->begin = lines->end = lines->capacity = 0;
}
