/* Our own convolutions, and attention: the kernels of one instruction set, for one size of blocks.
 * Each is written once (attention_kernel.h, winograd_kernel.h, pointwise_kernel.h, direct_kernel.h,
 * depthwise_kernel.h) on vector.h's arithmetic and compiled for several. */
#ifndef VERIFY_CPU_CONVOLUTIONS_H
#define VERIFY_CPU_CONVOLUTIONS_H

#include <stddef.h>

#include "cpu/kernels/attention.h"
#include "cpu/kernels/depthwise.h"
#include "cpu/kernels/direct.h"
#include "cpu/kernels/pointwise.h"
#include "cpu/kernels/winograd.h"

struct convolutions {
    /* dst = f(conv(src) + bias) + residual (NULL: none; of dst's shape) for the tiles from `first`
     * on, at most `chunk`. Which tiles a call takes does not change their values. Where src is
     * NULL, `scratch` still has V of a call before, for the same tiles, input and chunk but perhaps
     * other weights and outputs. It is aligned to 64 bytes. */
    void (*winograd_tiles)(const struct winograd *winograd, const float *src, const float *residual,
                           float *dst, size_t first, size_t count, float *scratch);
    /* dst = conv(src) + bias for `count` cells from `first` on and the pair of output blocks that
     * begins with `pair`; src begins with input block first_in. Which cells a call takes does not
     * change their values. */
    void (*pointwise_cells)(const struct pointwise *pointwise, const float *src, float *dst,
                            size_t pair, size_t first, size_t count);
    /* dst = conv(src) + bias for the band that was copied and the pair of output blocks that begins
     * with `pair`. */
    void (*direct_band)(const struct direct *direct, const float *patch, float *dst, size_t pair,
                        size_t band);
    /* dst = conv(src) + bias for `count` rows of one block's map from `first` on. */
    void (*depthwise_rows)(const struct depthwise *depthwise, const float *src, float *dst,
                           size_t block, size_t first, size_t count);
    /* A tile of `out` from place `first` on, of matrices (keys or values, n). Only the tiling
     * changes nothing in the values. `scratch` has attention_scratch_count floats. */
    void (*attention_tile)(const struct attention *attention, const float *query, const float *key,
                           const float *value, float *out, size_t first, float *scratch);
};

/* Blocks of 8 for AVX2 and FMA, of 16 for AVX-512 (F, DQ, VL). */
extern const struct convolutions convolutions_avx2, convolutions_avx512;

#endif
