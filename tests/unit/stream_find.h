/* The rows of output streams by their names, which the program itself never asks for. */
#ifndef TESTS_STREAM_FIND_H
#define TESTS_STREAM_FIND_H

#include <string.h>

#include "output/streams.h"

/* The row of this name; stream_count() where there is none. */
static inline size_t stream_find(const char *name) {
    size_t row = 0;
    while (row < stream_count() && strcmp(stream_at(row)->name, name) != 0)
        row++;
    return row;
}

#endif
