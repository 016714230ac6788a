/* Which step needs which buffer, and where the buffers lie in their homes. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/memory.h"
#include "cuda/network/network_plan.h"

enum { ARENA_ALIGNMENT = 256 };

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
        if (network->features[i].parent == NO_FEATURE && network->features[i].home != HOME_ARENA) {
            network->features[i].begin = 0;
            network->features[i].end = network->n_steps;
        }
}

static bool is_placed(const struct feature *feature, enum home home) {
    return feature->parent == NO_FEATURE && feature->home == home && feature->begin != SIZE_MAX;
}

/* The roots of one home; room for all there are in `blocks`. */
static enum status place(struct network *network, enum home home, struct arena_block *blocks) {
    enum status status;
    size_t n = 0;
    for (size_t i = 0; i < network->n_features; i++) {
        const struct feature *feature = &network->features[i];
        size_t bytes =
            network->n * feature_cells(feature) * feature->pitch * element_size(feature->element);
        if (is_placed(feature, home))
            blocks[n++] = (struct arena_block){bytes, feature->begin, feature->end, 0};
    }
    TRY(arena_fit(blocks, n, ARENA_ALIGNMENT, &network->bytes[home]));
    n = 0;
    for (size_t i = 0; i < network->n_features; i++)
        if (is_placed(&network->features[i], home))
            network->features[i].offset = blocks[n++].offset;
out:
    return status;
}

enum status arena_place(struct network *network) {
    enum status status;
    struct arena_block *blocks = NULL;
    TRY(memory_zeroed(network->n_features, sizeof *blocks, &blocks));
    find_lives(network);
    for (enum home home = 0; home < HOMES; home++)
        TRY(place(network, home, blocks));
out:
    free(blocks);
    return status;
}
