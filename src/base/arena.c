/* Lays blocks that are needed at different times into one piece of memory. */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Equal ones stay in the order in which they were given. */
static int larger_first(const void *left, const void *right) {
    const struct arena_block *a = *(struct arena_block *const *)left;
    const struct arena_block *b = *(struct arena_block *const *)right;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return (uintptr_t)a < (uintptr_t)b ? -1 : a != b;
}

static size_t rounded(size_t bytes, size_t alignment) {
    return (bytes + alignment - 1) / alignment * alignment;
}

/* The lowest gap that is free while `block` is needed; `placed` is sorted by offset. */
static size_t lowest_gap(struct arena_block *const *placed, size_t n, size_t alignment,
                         const struct arena_block *block) {
    size_t offset = 0;
    for (size_t i = 0; i < n; i++) {
        const struct arena_block *other = placed[i];
        bool together = other->first <= block->last && block->first <= other->last;
        size_t end = other->offset + rounded(other->bytes, alignment);
        if (!together || end <= offset)
            continue;
        if (other->offset >= offset + block->bytes)
            break;
        offset = end;
    }
    return offset;
}

enum status arena_fit(struct arena_block *blocks, size_t n, size_t alignment, size_t *bytes) {
    enum status status;
    struct arena_block **order = NULL, **placed = NULL;
    *bytes = 0;
    TRY(memory_zeroed(n, sizeof(void *), &order));
    TRY(memory_zeroed(n, sizeof(void *), &placed));
    for (size_t i = 0; i < n; i++)
        order[i] = &blocks[i];
    qsort(order, n, sizeof(void *), larger_first);
    for (size_t i = 0; i < n; i++) {
        struct arena_block *block = order[i];
        block->offset = lowest_gap(placed, i, alignment, block);
        size_t end = block->offset + rounded(block->bytes, alignment), at = i;
        *bytes = end > *bytes ? end : *bytes;
        while (at && placed[at - 1]->offset > block->offset)
            at--;
        memmove(&placed[at + 1], &placed[at], (i - at) * sizeof(void *));
        placed[at] = block;
    }
out:
    free(placed);
    free(order);
    return status;
}
