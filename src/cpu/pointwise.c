#include "cpu/pointwise.h"

#include <string.h>

/* Floats of the input that a chunk takes; more is slower where they lie far apart. */
enum { CHUNK_FLOATS = 24 * 1024, CHUNK_LEAST = 24, CHUNK_MOST = 240, CHUNK_STEP = 6 };

struct pointwise pointwise_of(size_t cells, size_t in_channels, size_t out_channels) {
    struct pointwise pointwise = {
        .cells = cells,
        .in_blocks = (in_channels + POINTWISE_BLOCK - 1) / POINTWISE_BLOCK,
        .out_blocks = (out_channels + POINTWISE_BLOCK - 1) / POINTWISE_BLOCK,
    };
    size_t chunk = CHUNK_FLOATS / (pointwise.in_blocks * POINTWISE_BLOCK);
    chunk = chunk < CHUNK_LEAST ? CHUNK_LEAST : chunk > CHUNK_MOST ? CHUNK_MOST : chunk;
    pointwise.chunk = chunk / CHUNK_STEP * CHUNK_STEP;
    return pointwise;
}

size_t pointwise_weight_count(const struct pointwise *pointwise) {
    return pointwise->in_blocks * pointwise->out_blocks * POINTWISE_BLOCK * POINTWISE_BLOCK;
}

void pointwise_weights(const struct pointwise *pointwise, const float *weights, size_t in_channels,
                       size_t out_channels, float *packed) {
    const size_t block = POINTWISE_BLOCK;
    size_t inputs = pointwise->in_blocks * block, outputs = pointwise->out_blocks * block;
    memset(packed, 0, pointwise_weight_count(pointwise) * sizeof *packed);
    for (size_t o = 0; o < out_channels; o++) {
        size_t pair = o / (2 * block) * 2 * block;
        size_t columns = outputs - pair < 2 * block ? block : 2 * block;
        for (size_t i = 0; i < in_channels; i++)
            packed[pair * inputs + i * columns + (o - pair)] = weights[o * in_channels + i];
    }
}
