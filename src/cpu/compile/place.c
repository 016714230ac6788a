/* Where the buffers lie in the arena: by when they are needed. */
#include "cpu/compile/place.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/memory.h"
#include "cpu/compile/views.h"

enum { ALIGNMENT = 64 };

/* A buffer is needed as long as its views are. */
static void extend_roots(struct plan *plan) {
    for (size_t i = 0; i < plan->n_buffers; i++) {
        size_t offset;
        const struct buffer *buffer = &plan->buffers[i];
        struct buffer *root = &plan->buffers[plan_root(plan, i, &offset)];
        root->first = buffer->first < root->first ? buffer->first : root->first;
        root->last = buffer->last > root->last ? buffer->last : root->last;
    }
}

static bool is_placed(const struct buffer *buffer) {
    return buffer->parent == NO_BUFFER && buffer->home == HOME_ARENA && buffer->first != SIZE_MAX;
}

enum status plan_place(struct plan *plan) {
    enum status status;
    struct arena_block *blocks = NULL;
    size_t n = 0;
    TRY(memory_zeroed(plan->n_buffers, sizeof *blocks, &blocks));
    extend_roots(plan);
    for (size_t i = 0; i < plan->n_buffers; i++) {
        const struct buffer *buffer = &plan->buffers[i];
        if (is_placed(buffer))
            blocks[n++] = (struct arena_block){buffer->bytes, buffer->first, buffer->last, 0};
    }
    TRY(arena_fit(blocks, n, ALIGNMENT, &plan->arena_bytes));
    n = 0;
    for (size_t i = 0; i < plan->n_buffers; i++)
        if (is_placed(&plan->buffers[i]))
            plan->buffers[i].offset = blocks[n++].offset;
out:
    free(blocks);
    return status;
}
