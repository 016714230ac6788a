/* What the kernel of direct convolutions is given: packed weights, copies of the input. */
#include "cpu/kernels/direct.h"

#include <string.h>

#include "cpu/kernels/packing.h"
#include "image/image.h"

static size_t divide_up(size_t a, size_t b) {
    return (a + b - 1) / b;
}

void direct_complete(struct direct *direct, size_t in_channels, size_t out_channels) {
    const size_t cells[] = {DIRECT_ROWS, direct->out[1]};
    direct->in_maps = divide_up(in_channels, direct->in_block);
    direct->out_blocks = divide_up(out_channels, direct->block);
    for (size_t i = 0; i < 2; i++)
        direct->patch[i] =
            (cells[i] - 1) * direct->stride[i] + (direct->kernel[i] - 1) * direct->dilation[i] + 1;
}

size_t direct_terms(const struct direct *direct) {
    return direct->in_maps * direct->in_block * direct->kernel[0] * direct->kernel[1];
}

void direct_offsets(const struct direct *direct, uint32_t *offsets) {
    size_t at = 0;
    for (size_t map = 0; map < direct->in_maps; map++)
        for (size_t y = 0; y < direct->kernel[0]; y++)
            for (size_t x = 0; x < direct->kernel[1]; x++)
                for (size_t i = 0; i < direct->in_block; i++) {
                    size_t row = map * direct->patch[0] + y * direct->dilation[0];
                    size_t cell = row * direct->patch[1] + x * direct->dilation[1];
                    offsets[at++] = (uint32_t)(cell * direct->in_block + i);
                }
}

size_t direct_weight_count(const struct direct *direct) {
    return direct_terms(direct) * direct->out_blocks * direct->block;
}

void direct_weights(const struct direct *direct, const float *weights, size_t in_channels,
                    size_t out_channels, float *packed) {
    size_t taps = direct->kernel[0] * direct->kernel[1], terms = direct_terms(direct);
    memset(packed, 0, direct_weight_count(direct) * sizeof *packed);
    for (size_t o = 0; o < out_channels; o++)
        for (size_t i = 0; i < in_channels; i++)
            for (size_t tap = 0; tap < taps; tap++) {
                size_t term =
                    (i / direct->in_block * taps + tap) * direct->in_block + i % direct->in_block;
                packed[packing_index(direct->block, terms, direct->out_blocks * direct->block, term,
                                     o)] = weights[(o * in_channels + i) * taps + tap];
            }
}

size_t direct_bands(const struct direct *direct) {
    return divide_up(direct->out[0], DIRECT_ROWS);
}

size_t direct_patch_count(const struct direct *direct) {
    return direct->in_maps * direct->patch[0] * direct->patch[1] * direct->in_block;
}

void direct_copy(const struct direct *direct, const float *src, const uint8_t *levels, size_t band,
                 float *patch) {
    size_t block = direct->in_block, length = direct->patch[1] * block,
           width = direct->in[1] * block;
    size_t left = direct->pad[1] * block, top = band * DIRECT_ROWS * direct->stride[0];
    left = left < length ? left : length;
    size_t copied = width < length - left ? width : length - left;
    for (size_t map = 0; map < direct->in_maps; map++)
        for (size_t y = 0; y < direct->patch[0]; y++, patch += length) {
            size_t row = top + y; /* counted from the padding's first */
            if (row < direct->pad[0] || row - direct->pad[0] >= direct->in[0]) {
                memset(patch, 0, length * sizeof *patch);
                continue;
            }
            size_t from = (map * direct->in[0] + row - direct->pad[0]) * width;
            memset(patch, 0, left * sizeof *patch);
            if (src)
                memcpy(patch + left, src + from, copied * sizeof *patch);
            else
                letterbox_units(levels + from, copied, patch + left);
            memset(patch + left + copied, 0, (length - left - copied) * sizeof *patch);
        }
}
