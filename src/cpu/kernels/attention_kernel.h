/* struct convolutions' attention_tile. */
#ifndef VERIFY_CPU_ATTENTION_KERNEL_H
#define VERIFY_CPU_ATTENTION_KERNEL_H

#include <string.h>

#include "cpu/kernels/attention.h"
#include "cpu/kernels/multiply.h"
#include "cpu/kernels/vector_activate.h"

static const float attention_zeros[LANES];

/* A tile's queries as multiply_terms reads weights: (keys, blocks LANES), zeros behind the last. */
static void attention_pack(const struct attention *attention, const float *query, size_t count,
                           size_t blocks, float *packed) {
    for (size_t c = 0; c < attention->keys; c++, query += attention->n, packed += blocks * LANES) {
        memcpy(packed, query, count * sizeof *packed);
        memset(packed + count, 0, (blocks * LANES - count) * sizeof *packed);
    }
}

/* exp(factor (score - the largest of a place)), for one block of places: `scores` (n, LANES) to
 * every `step` floats of `weights`. Returns 1 / their sums. */
static struct vector attention_weigh(const struct attention *attention, float *scores,
                                     float *weights, size_t step) {
    const struct vector factor = vector_set(attention->factor);
    struct vector most = vector_mul(vector_load(scores), factor), sum = vector_set(0.0f);
    for (size_t j = 0; j < attention->n; j++) {
        struct vector score = vector_mul(vector_load(scores + j * LANES), factor);
        most = vector_max(most, score);
        vector_store(scores + j * LANES, score);
    }
    for (size_t j = 0; j < attention->n; j++) {
        struct vector below = vector_sub(most, vector_load(scores + j * LANES));
        struct vector weight = vector_exp_minus(below);
        sum = vector_add(sum, weight);
        vector_store(weights + j * step, weight);
    }
    return vector_div(vector_set(1.0f), sum);
}

/* The result of one block of places, (values, LANES), each place's times `scale`, to where it
 * belongs. */
static void attention_unpack(const struct attention *attention, float *result, struct vector scale,
                             float *out, size_t count) {
    for (size_t d = 0; d < attention->values; d++, result += LANES, out += attention->n) {
        vector_store(result, vector_mul(vector_load(result), scale));
        memcpy(out, result, count * sizeof *out);
    }
}

static void attention_tile(const struct attention *attention, const float *query, const float *key,
                           const float *value, float *out, size_t first, float *scratch) {
    size_t n = attention->n, left = n - first, blocks = left > LANES ? 2 : 1;
    size_t count = left < blocks * LANES ? left : blocks * LANES;
    float *packed = scratch, *scores = packed + attention->keys * 2 * LANES;
    float *weights = scores + n * 2 * LANES, *result = weights + n * 2 * LANES;
    struct vector scale[2];
    attention_pack(attention, query + first, count, blocks, packed);
    struct product product = {
        .inputs = attention->keys,
        .u = packed,
        .start = {attention_zeros, 0, 0},
        .v = key,
        .offsets = attention->offsets,
        .step = 1,
        .m = scores,
        .m_map = n * LANES,
    };
    multiply_terms(blocks, &product, n);
    for (size_t b = 0; b < blocks; b++)
        scale[b] =
            attention_weigh(attention, scores + b * n * LANES, weights + b * LANES, blocks * LANES);
    product = (struct product){
        .inputs = n,
        .u = weights,
        .start = {attention_zeros, 0, 0},
        .v = value,
        .offsets = attention->offsets + attention->keys,
        .step = n,
        .m = result,
        .m_map = attention->values * LANES,
    };
    multiply_terms(blocks, &product, attention->values);
    for (size_t b = 0; b < blocks; b++, count -= LANES)
        attention_unpack(attention, result + b * attention->values * LANES, scale[b],
                         out + first + b * LANES, count < LANES ? count : LANES);
}

#endif
