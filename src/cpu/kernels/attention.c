/* What the kernel of attention is given: tiles, scratch, where terms are. */
#include "cpu/kernels/attention.h"

size_t attention_tile_places(const struct attention *attention) {
    return 2 * attention->lanes;
}

size_t attention_tiles(const struct attention *attention) {
    size_t places = attention_tile_places(attention);
    return (attention->n + places - 1) / places;
}

size_t attention_scratch_count(const struct attention *attention) {
    /* The tile's queries, scores, weights and result. */
    return (attention->keys + 2 * attention->n + attention->values) *
           attention_tile_places(attention);
}

void attention_offsets(const struct attention *attention, uint32_t *offsets) {
    for (size_t c = 0; c < attention->keys; c++)
        offsets[c] = (uint32_t)(c * attention->n);
    for (size_t j = 0; j < attention->n; j++)
        offsets[attention->keys + j] = (uint32_t)j;
}

size_t attention_offset_count(const struct attention *attention) {
    return attention->keys + attention->n;
}
