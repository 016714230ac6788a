/* Activations of vectors. */
#ifndef VERIFY_CPU_VECTOR_ACTIVATE_H
#define VERIFY_CPU_VECTOR_ACTIVATE_H

#include "cpu/vector.h"
#include "model/graph.h"

/* exp(-x), |x| limited to 87: kernels.c's, which says how. */
INLINE struct vector vector_exp_minus(struct vector x) {
    const struct vector magic = vector_set(12582912.0f), factor = vector_set(-1.44269504f);
    x = vector_min(vector_max(x, vector_set(-87.0f)), vector_set(87.0f));
    struct vector shifted = vector_fma(x, factor, magic);
    struct vector r = vector_fms(x, factor, vector_sub(shifted, magic));
    struct vector p = vector_set(1.32764720e-3f);
    p = vector_fma(p, r, vector_set(9.67554133e-3f));
    p = vector_fma(p, r, vector_set(5.55071327e-2f));
    p = vector_fma(p, r, vector_set(2.40221197e-1f));
    p = vector_fma(p, r, vector_set(6.93146967e-1f));
    p = vector_fma(p, r, vector_set(1.0f));
    return vector_scale(p, shifted);
}

/* Those that winograd_activates() names. */
INLINE struct vector vector_activate(enum activation activation, float alpha, struct vector x) {
    switch ((int)activation) {
    case ACTIVATION_SILU:
        return vector_div(x, vector_add(vector_exp_minus(x), vector_set(1.0f)));
    case ACTIVATION_RELU:
        return vector_max(x, vector_set(0.0f));
    case ACTIVATION_LEAKY_RELU:
        return vector_below_zero(x, vector_mul(x, vector_set(alpha)), x);
    default:
        return x;
    }
}

#endif
