/* What the kernel of depthwise convolutions is given: packed weights, bands of rows. */
#include "cpu/kernels/depthwise.h"

/* Cells of a band, at least: few enough to be in the cache for what follows the convolution. */
enum { BAND_CELLS = 512 };

void depthwise_complete(struct depthwise *depthwise, size_t channels) {
    depthwise->blocks = (channels + depthwise->block - 1) / depthwise->block;
    depthwise->rows = (BAND_CELLS + depthwise->out[1] - 1) / depthwise->out[1];
}

size_t depthwise_bands(const struct depthwise *depthwise) {
    return (depthwise->out[0] + depthwise->rows - 1) / depthwise->rows;
}

size_t depthwise_weight_count(const struct depthwise *depthwise) {
    return depthwise->blocks * depthwise->kernel[0] * depthwise->kernel[1] * depthwise->block;
}

void depthwise_weights(const struct depthwise *depthwise, const float *weights, size_t channels,
                       float *packed) {
    size_t block = depthwise->block, taps = depthwise->kernel[0] * depthwise->kernel[1];
    for (size_t c = 0; c < channels; c++)
        for (size_t tap = 0; tap < taps; tap++)
            packed[(c / block * taps + tap) * block + c % block] = weights[c * taps + tap];
}
