/* Self-attention, key by key: a running softmax needs no second pass over the scores (Milakov and
 * Gimelshein, "Online normalizer calculation for softmax", 2018). */
#ifndef VERIFY_CUDA_ELEMENTS_ATTENTION_H
#define VERIFY_CUDA_ELEMENTS_ATTENTION_H

#include <math.h>

#include "cuda/elements/place.h"
#include "cuda/kernels/kernels.h"

struct attention_maps {
    struct map qkv, dst;
    struct attention attention;
};

/* STATUS_BAD_INPUT where the areas do not divide the cells. */
static inline enum status attention_check(const struct attention_maps *args) {
    size_t cells = args->qkv.height * args->qkv.width, areas = args->attention.areas;
    if (!areas || cells % areas)
        return FAIL(STATUS_BAD_INPUT, "attention over %zu areas of %zu cells", areas, cells);
    return STATUS_OK;
}

/* The largest score so far, and the sum of exp(score - largest). */
struct softmax {
    float largest, sum;
};

VERIFY_INLINE struct softmax softmax_start(void) {
    struct softmax softmax = {-INFINITY, 0.0f};
    return softmax;
}

/* Takes in a score; returns its weight. What was summed with earlier weights is to be multiplied by
 * *rescale first. */
VERIFY_INLINE float softmax_take(struct softmax *softmax, float score, float *rescale) {
    float largest = score > softmax->largest ? score : softmax->largest;
    float weight = expf(score - largest);
    *rescale = expf(softmax->largest - largest);
    softmax->sum = softmax->sum * *rescale + weight;
    softmax->largest = largest;
    return weight;
}

/* The cells of an area; cells are counted through a picture, areas through the batch. */
VERIFY_INLINE size_t attention_area_cells(const struct attention_maps *args) {
    return args->qkv.height * args->qkv.width / args->attention.areas;
}

/* The first channel of a head's q; k and v follow. */
VERIFY_INLINE size_t attention_channel(const struct attention *attention, size_t head) {
    return head * (2 * attention->key_dim + attention->head_dim);
}

VERIFY_INLINE int attention_lanes(const struct attention_maps *args) {
    const struct attention *attention = &args->attention;
    bool whole = args->qkv.pitch % LANES == 0 && attention->key_dim % 4 == 0 &&
                 attention->head_dim % LANES == 0;
    return whole ? lanes_least(lanes_of_address(args->qkv.data), lanes_of_map(&args->dst)) : 1;
}

/* `lanes` channels of one query's result, with no more memory than registers: the way for every
 * size. */
VERIFY_INLINE void attention_run(const struct attention_maps *args, size_t i, int lanes) {
    float sums[LANES] = {0}, values[LANES], rescale;
    const struct attention *attention = &args->attention;
    const struct map *qkv = &args->qkv;
    struct place place = map_place(&args->dst, i, lanes);
    size_t head = place.channel / attention->head_dim;
    size_t query = attention_channel(attention, head), key = query + attention->key_dim;
    size_t value = key + attention->key_dim + (place.channel - head * attention->head_dim);
    size_t cells = attention_area_cells(args), first = place.cell - place.cell % cells;
    struct softmax softmax = softmax_start();
    for (size_t cell = first; cell < first + cells; cell++) {
        float score = 0.0f;
        for (size_t c = 0; c < attention->key_dim; c++)
            score += element_load(qkv->data, qkv->element, place.cell * qkv->pitch + query + c) *
                     element_load(qkv->data, qkv->element, cell * qkv->pitch + key + c);
        float weight = softmax_take(&softmax, attention->scale * score, &rescale);
        lanes_load(qkv->data, qkv->element, cell * qkv->pitch + value, lanes, values);
        LANES_UNROLL
        for (int lane = 0; lane < lanes; lane++)
            sums[lane] = sums[lane] * rescale + weight * values[lane];
    }
    LANES_UNROLL
    for (int lane = 0; lane < lanes; lane++)
        sums[lane] /= softmax.sum;
    lanes_store(args->dst.data, args->dst.element, place.cell * args->dst.pitch + place.channel,
                lanes, sums);
}

#endif
