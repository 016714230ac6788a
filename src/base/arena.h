/* Blocks of memory that are needed at different times, laid into one piece. */
#ifndef VERIFY_BASE_ARENA_H
#define VERIFY_BASE_ARENA_H

#include <stddef.h>

#include "base/status.h"

struct arena_block {
    size_t bytes;
    size_t first, last; /* the steps between which it is needed, both included */
    size_t offset;      /* set by arena_fit */
};

/* Gives every block an offset, a multiple of `alignment`, at which it overlaps no block that is
 * needed at one of its steps: first fit, the largest first, which wastes little. The same blocks
 * always lie the same. *bytes is what all take together, a multiple of `alignment`. Fails only for
 * lack of memory. */
enum status arena_fit(struct arena_block *blocks, size_t n, size_t alignment, size_t *bytes);

#endif
