/* Convolutions 1x1 of stride 1: a matrix product over all cells of a map, in blocks of
 * channels (nChw8c or nChw16c), the rest of a last block zeros. */
#ifndef VERIFY_CPU_POINTWISE_H
#define VERIFY_CPU_POINTWISE_H

#include <stddef.h>

struct pointwise {
    size_t block; /* channels of one: 8 or 16 */
    size_t cells; /* of the map */
    size_t in_blocks, out_blocks;
    size_t first_in, end_in; /* the input blocks that are summed: all, unless set otherwise */
    size_t chunk;            /* cells that are done at a time */
    const float *weights;    /* pointwise_weights' */
    const float *bias;       /* (block out_blocks); NULL: the sums begin with what dst holds */
};

/* Fills in what follows from cells and channels, and from the threads that share the work. */
struct pointwise pointwise_of(size_t block, size_t cells, size_t in_channels, size_t out_channels,
                              size_t threads);

/* Weights (out_channels, in_channels) as the product reads them: for each pair of output blocks
 * (the last may be alone), (block in_blocks, 2 block or block). `packed` has pointwise_weight_count
 * floats. */
void pointwise_weights(const struct pointwise *pointwise, const float *weights, size_t in_channels,
                       size_t out_channels, float *packed);
size_t pointwise_weight_count(const struct pointwise *pointwise);

#endif
