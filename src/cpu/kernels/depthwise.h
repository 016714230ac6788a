/* Convolutions of each channel by itself (depthwise: as many groups as channels). A block of
 * channels is done at a time, whose lanes never mix: each output is a sum over the window's taps,
 * weights times cells. Maps and constants are in blocks of channels (nChw8c or nChw16c), the rest
 * of a last block zeros. */
#ifndef VERIFY_CPU_DEPTHWISE_H
#define VERIFY_CPU_DEPTHWISE_H

#include <stddef.h>

/* Sizes are height, width. */
struct depthwise {
    size_t kernel[2], stride[2], dilation[2], pad[2]; /* pad: above and on the left */
    size_t in[2], out[2];
    size_t block, blocks; /* channels of one: 8 or 16; of them in the map */
    size_t rows;          /* of the output in a band, which are done at a time */
    const float *weights; /* depthwise_weights' */
    const float *bias;    /* (blocks, block) */
};

/* Fills in what follows from the fields `kernel` to `block`. */
void depthwise_complete(struct depthwise *depthwise, size_t channels);

/* Bands of a block's map. */
size_t depthwise_bands(const struct depthwise *depthwise);
/* Weights (channels, kernel) as (blocks, kernel, block). `packed` has depthwise_weight_count
 * zeros. */
void depthwise_weights(const struct depthwise *depthwise, const float *weights, size_t channels,
                       float *packed);
size_t depthwise_weight_count(const struct depthwise *depthwise);

#endif
