/* Which step needs which buffer, and where the buffers lie in the arena. */
#include <stdlib.h>

#include "base/memory.h"
#include "cuda/network_plan.h"

enum { ARENA_ALIGNMENT = 256 };

/* A root, in the arena. */
struct block {
    size_t feature, bytes, begin, end, offset;
};

static void use(struct network *network, size_t feature, size_t step) {
    size_t first;
    if (feature == NO_FEATURE)
        return;
    struct feature *root = &network->features[feature_root(network, feature, &first)];
    root->begin = root->begin == SIZE_MAX ? step : root->begin;
    root->end = step;
}

static void find_lives(struct network *network) {
    for (size_t i = 0; i < network->n_steps; i++) {
        const struct step *step = &network->steps[i];
        use(network, step->src, i);
        use(network, step->other, i);
        for (size_t k = 0; k < STEP_OUTPUTS; k++)
            use(network, step->dst[k], i);
    }
    for (size_t i = 0; i < network->n_features; i++)
        if (network->features[i].parent == NO_FEATURE && network->features[i].kept) {
            network->features[i].begin = 0;
            network->features[i].end = network->n_steps;
        }
}

static int larger_first(const void *left, const void *right) {
    const struct block *a = left, *b = right;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return a->feature < b->feature ? -1 : a->feature > b->feature;
}

static int lower_first(const void *left, const void *right) {
    const struct block *a = left, *b = right;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return a->feature < b->feature ? -1 : a->feature > b->feature;
}

/* The lowest gap that is free while `block` is needed; `placed` is sorted by offset. */
static size_t lowest_gap(const struct block *placed, size_t n, const struct block *block) {
    size_t offset = 0;
    for (size_t i = 0; i < n; i++) {
        bool together = placed[i].begin <= block->end && block->begin <= placed[i].end;
        if (!together || placed[i].offset + placed[i].bytes <= offset)
            continue;
        if (placed[i].offset >= offset + block->bytes)
            break;
        offset = placed[i].offset + placed[i].bytes;
    }
    return offset;
}

enum status arena_place(struct network *network) {
    enum status status;
    struct block *blocks = NULL, *placed = NULL;
    size_t n = 0;
    TRY(memory_zeroed(network->n_features, sizeof *blocks, &blocks));
    TRY(memory_zeroed(network->n_features, sizeof *placed, &placed));
    find_lives(network);
    for (size_t i = 0; i < network->n_features; i++) {
        const struct feature *feature = &network->features[i];
        if (feature->parent != NO_FEATURE || feature->begin == SIZE_MAX)
            continue;
        size_t bytes =
            network->n * feature_cells(feature) * feature->pitch * element_size(feature->element);
        bytes = (bytes + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
        blocks[n++] = (struct block){i, bytes, feature->begin, feature->end, 0};
    }
    /* First fit, the largest first, wastes little. */
    qsort(blocks, n, sizeof *blocks, larger_first);
    for (size_t i = 0; i < n; i++) {
        placed[i] = blocks[i];
        placed[i].offset = lowest_gap(placed, i, &blocks[i]);
        network->features[placed[i].feature].offset = placed[i].offset;
        size_t end = placed[i].offset + placed[i].bytes;
        network->arena_bytes = end > network->arena_bytes ? end : network->arena_bytes;
        qsort(placed, i + 1, sizeof *placed, lower_first);
    }
out:
    free(placed);
    free(blocks);
    return status;
}
