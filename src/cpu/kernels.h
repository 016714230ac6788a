/* The backend's own loops, compiled for several instruction sets; kernels_choose picks at run
 * time. */
#ifndef VERIFY_CPU_KERNELS_H
#define VERIFY_CPU_KERNELS_H

#include <stddef.h>

#include "cpu/direct.h"
#include "cpu/pointwise.h"
#include "cpu/winograd.h"
#include "model/graph.h"

/* An activation with its parameters (those of struct op). */
struct activation_params {
    enum activation kind;
    float alpha, beta;
};

struct kernels {
    /* y = f(x) + residual, n elements; residual may be NULL, y may be x. exp is accurate to about
     * 2e-7. */
    void (*activate)(const struct activation_params *params, const float *x, const float *residual,
                     float *y, size_t n);
    /* Softmax of one row of n elements; y may be x. */
    void (*softmax)(const float *x, float *y, size_t n);
    /* One row of a matrix product: y (n) = a (k) times b (k,n). */
    void (*multiply_row)(const float *a, const float *b, float *y, size_t k, size_t n);
    /* winograd_tiles_avx2 or its like; NULL where this CPU has none. */
    void (*winograd_tiles)(const struct winograd *winograd, const float *src, const float *residual,
                           float *dst, size_t first, size_t count, float *scratch);
    /* Likewise pointwise_cells_avx2. */
    void (*pointwise_cells)(const struct pointwise *pointwise, const float *src, float *dst,
                            size_t block, size_t first, size_t count);
    /* Likewise direct_band_avx2. */
    void (*direct_band)(const struct direct *direct, const float *patch, float *dst, size_t pair,
                        size_t band);
};

const struct kernels *kernels_choose(void);

#endif
