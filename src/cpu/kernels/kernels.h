/* The backend's own loops but for convolutions, compiled for several instruction sets;
 * kernels_choose picks at run time. */
#ifndef VERIFY_CPU_KERNELS_H
#define VERIFY_CPU_KERNELS_H

#include <stddef.h>

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
};

const struct kernels *kernels_choose(void);

#endif
