/* Where the buffers lie in the arena. */
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/plan.h"

enum { ALIGNMENT = 64 };

/* A buffer with memory of its own, and when it is needed, its views included. */
struct block {
    size_t buffer, bytes, first, last, offset;
};

static int larger_first(const void *left, const void *right) {
    const struct block *a = left, *b = right;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return a->buffer < b->buffer ? -1 : a->buffer > b->buffer;
}

static int lower_first(const void *left, const void *right) {
    const struct block *a = left, *b = right;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* The lowest gap that is free while `block` is needed; `placed` is sorted by offset. */
static size_t lowest_gap(const struct block *placed, size_t n, const struct block *block) {
    size_t offset = 0;
    for (size_t i = 0; i < n; i++) {
        bool together = placed[i].first <= block->last && block->first <= placed[i].last;
        if (!together || placed[i].offset + placed[i].bytes <= offset)
            continue;
        if (placed[i].offset >= offset + block->bytes)
            break;
        offset = placed[i].offset + placed[i].bytes;
    }
    return offset;
}

enum status plan_place(struct plan *plan) {
    enum status status;
    struct block *blocks = NULL, *placed = NULL;
    size_t n = 0;
    TRY(memory_zeroed(plan->n_buffers, sizeof *blocks, &blocks));
    TRY(memory_zeroed(plan->n_buffers, sizeof *placed, &placed));
    for (size_t i = 0; i < plan->n_buffers; i++) {
        size_t offset;
        const struct buffer *buffer = &plan->buffers[i];
        struct buffer *root = &plan->buffers[plan_root(plan, i, &offset)];
        root->first = buffer->first < root->first ? buffer->first : root->first;
        root->last = buffer->last > root->last ? buffer->last : root->last;
    }
    for (size_t i = 0; i < plan->n_buffers; i++) {
        const struct buffer *buffer = &plan->buffers[i];
        if (buffer->parent != NO_BUFFER || buffer->home != HOME_ARENA || buffer->first == SIZE_MAX)
            continue;
        size_t bytes = (buffer->bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        blocks[n++] = (struct block){i, bytes, buffer->first, buffer->last, 0};
    }
    /* First fit, the largest first, wastes little. */
    qsort(blocks, n, sizeof *blocks, larger_first);
    for (size_t i = 0; i < n; i++) {
        placed[i] = blocks[i];
        placed[i].offset = lowest_gap(placed, i, &blocks[i]);
        plan->buffers[placed[i].buffer].offset = placed[i].offset;
        size_t end = placed[i].offset + placed[i].bytes;
        plan->arena_bytes = end > plan->arena_bytes ? end : plan->arena_bytes;
        qsort(placed, i + 1, sizeof *placed, lower_first);
    }
out:
    free(placed);
    free(blocks);
    return status;
}
