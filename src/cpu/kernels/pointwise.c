/* What the kernel of 1x1 convolutions is given: chunks of cells, packed weights. */
#include "cpu/kernels/pointwise.h"

#include <stdint.h>
#include <string.h>

#include "cpu/kernels/packing.h"

/* Floats of the input that a chunk takes; more is slower where they lie far apart. */
enum { CHUNK_FLOATS = 48 * 1024, CHUNK_LEAST = 48, CHUNK_MOST = 240, CHUNK_STEP = 6 };

/* A chunk of at most `most` cells, at least half of it, with which the threads that have most to
 * do have least. */
static size_t choose_chunk(size_t cells, size_t most, size_t threads) {
    size_t best = most, least = SIZE_MAX;
    for (size_t chunk = most; 2 * chunk >= most; chunk -= CHUNK_STEP) {
        size_t items = (cells + chunk - 1) / chunk;
        size_t longest = (items + threads - 1) / threads * chunk;
        if (longest < least) {
            best = chunk;
            least = longest;
        }
    }
    return best;
}

struct pointwise pointwise_of(size_t block, size_t cells, size_t in_channels, size_t out_channels,
                              size_t threads) {
    struct pointwise pointwise = {
        .block = block,
        .cells = cells,
        .in_blocks = (in_channels + block - 1) / block,
        .out_blocks = (out_channels + block - 1) / block,
    };
    pointwise.end_in = pointwise.in_blocks;
    size_t most = CHUNK_FLOATS / (pointwise.in_blocks * block);
    most = most < CHUNK_LEAST ? CHUNK_LEAST : most > CHUNK_MOST ? CHUNK_MOST : most;
    pointwise.chunk = choose_chunk(cells, most / CHUNK_STEP * CHUNK_STEP, threads);
    return pointwise;
}

size_t pointwise_weight_count(const struct pointwise *pointwise) {
    return pointwise->in_blocks * pointwise->out_blocks * pointwise->block * pointwise->block;
}

void pointwise_weights(const struct pointwise *pointwise, const float *weights, size_t in_channels,
                       size_t out_channels, float *packed) {
    size_t block = pointwise->block;
    size_t inputs = pointwise->in_blocks * block, outputs = pointwise->out_blocks * block;
    memset(packed, 0, pointwise_weight_count(pointwise) * sizeof *packed);
    for (size_t o = 0; o < out_channels; o++)
        for (size_t i = 0; i < in_channels; i++)
            packed[packing_index(block, inputs, outputs, i, o)] = weights[o * in_channels + i];
}
