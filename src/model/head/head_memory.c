/* Memory of the values that the search computes. Large blocks are handed from one to the next: new
 * ones from the system would cost more time than what is computed in them. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/head/head.h"

/* Smaller blocks are the allocator's own to keep; and what may lie here unused. */
static const size_t LEAST_BYTES = (size_t)64 << 10, MOST_BYTES = (size_t)448 << 20;

enum status head_allocate(const struct head_search *search, size_t bytes, void *out) {
    struct head_pool *pool = search->pool;
    size_t best = pool->n;
    for (size_t i = 0; i < pool->n; i++) {
        size_t size = malloc_usable_size(pool->blocks[i]);
        if (size >= bytes && size / 2 <= bytes &&
            (best == pool->n || size < malloc_usable_size(pool->blocks[best])))
            best = i;
    }
    if (best == pool->n)
        return memory_zeroed(bytes, 1, out);
    void *block = pool->blocks[best];
    pool->bytes -= malloc_usable_size(block);
    pool->blocks[best] = pool->blocks[--pool->n];
    memset(block, 0, bytes);
    memcpy(out, &block, sizeof block);
    return STATUS_OK;
}

/* Lets the first block go, which is among those that have waited longest. */
static void shrink(struct head_pool *pool) {
    pool->bytes -= malloc_usable_size(pool->blocks[0]);
    free(pool->blocks[0]);
    memmove(pool->blocks, pool->blocks + 1, --pool->n * sizeof *pool->blocks);
}

void head_release(const struct head_search *search, void *data) {
    struct head_pool *pool = search->pool;
    size_t size = data == NULL ? 0 : malloc_usable_size(data);
    if (size < LEAST_BYTES || size > MOST_BYTES) {
        free(data);
        return;
    }
    while (pool->n == HEAD_POOL || (pool->n > 0 && pool->bytes + size > MOST_BYTES))
        shrink(pool);
    pool->blocks[pool->n++] = data;
    pool->bytes += size;
}

void head_pool_free(struct head_pool *pool) {
    while (pool->n > 0)
        shrink(pool);
}
