/* Convolutions by their definition, for few input channels, where nothing else pays: those of the
 * picture, and of the layer behind it. A band of output rows takes a copy of its input with the
 * padding around it; each output is then a sum over terms, weight times the value a fixed way from
 * the output's own place in the copy. Weights and output are in blocks of channels (nChw8c or
 * nChw16c), the rest of a last block zeros; the input is in planes or in such blocks. */
#ifndef VERIFY_CPU_DIRECT_H
#define VERIFY_CPU_DIRECT_H

#include <stddef.h>
#include <stdint.h>

enum { DIRECT_ROWS = 2 }; /* of the output in a band */

/* Sizes are height, width. */
struct direct {
    size_t kernel[2], stride[2], dilation[2], pad[2]; /* pad: above and on the left */
    size_t in[2], out[2];
    size_t block;               /* channels of one: 8 or 16 */
    size_t in_block;            /* of the input: 1 (planes) or the same */
    size_t in_maps, out_blocks; /* in_maps: planes or blocks */
    size_t patch[2];            /* of the copy, in cells */
    const float *weights;       /* direct_weights' */
    const float *bias;          /* (block out_blocks) */
    const uint32_t *offsets;    /* direct_offsets' */
};

/* Fills in what follows from the fields `kernel` to `in_block`. */
void direct_complete(struct direct *direct, size_t in_channels, size_t out_channels);

/* Terms of an output. */
size_t direct_terms(const struct direct *direct);
/* For each term, floats in the copy from an output's place to the term's value. */
void direct_offsets(const struct direct *direct, uint32_t *offsets);
/* Weights (out_channels, in_channels, kernel) packed (packing.h) as (terms, 8 out_blocks). */
void direct_weights(const struct direct *direct, const float *weights, size_t in_channels,
                    size_t out_channels, float *packed);
size_t direct_weight_count(const struct direct *direct);

size_t direct_bands(const struct direct *direct);
/* Copies what a band needs, into direct_patch_count floats, from floats or, where src is NULL, from
 * levels of 0 to 255 (letterbox_units). */
void direct_copy(const struct direct *direct, const float *src, const uint8_t *levels, size_t band,
                 float *patch);
size_t direct_patch_count(const struct direct *direct);

#endif
