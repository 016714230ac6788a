/* Attention: every place of a row of n looks at all of them,
 *   out[d][i] = sum over j of value[d][j] softmax over j of (factor sum over c of
 *               query[c][i] key[c][j]).
 * A tile of places i is done at a time, one in each lane, so that the n x n weights are never
 * written as a whole. */
#ifndef VERIFY_CPU_ATTENTION_H
#define VERIFY_CPU_ATTENTION_H

#include <stddef.h>
#include <stdint.h>

struct attention {
    size_t lanes;            /* of the kernel: 8 or 16 */
    size_t n, keys, values;  /* query and key: (keys, n); value and out: (values, n) */
    float factor;            /* of the products of query and key */
    const uint32_t *offsets; /* attention_offsets' */
};

/* Places of a tile, but for the last one; tiles of a row. */
size_t attention_tile_places(const struct attention *attention);
size_t attention_tiles(const struct attention *attention);
/* Floats that the kernel (convolutions.h) needs besides. */
size_t attention_scratch_count(const struct attention *attention);

/* Where the terms of the kernel's sums are: keys numbers, then n. */
void attention_offsets(const struct attention *attention, uint32_t *offsets);
size_t attention_offset_count(const struct attention *attention);

#endif
