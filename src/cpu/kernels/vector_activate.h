/* Activations of vectors. */
#ifndef VERIFY_CPU_VECTOR_ACTIVATE_H
#define VERIFY_CPU_VECTOR_ACTIVATE_H

#include "cpu/kernels/exp_terms.h"
#include "cpu/kernels/vector.h"
#include "model/graph.h"

/* exp(-x), |x| limited to EXP_MOST (exp_terms.h). */
INLINE struct vector vector_exp_minus(struct vector x) {
    const struct vector magic = vector_set(EXP_MAGIC), factor = vector_set(-EXP_LOG2_E);
    x = vector_min(vector_max(x, vector_set(-EXP_MOST)), vector_set(EXP_MOST));
    struct vector shifted = vector_fma(x, factor, magic);
    struct vector r = vector_fms(x, factor, vector_sub(shifted, magic));
    struct vector p = vector_set(EXP_5);
    p = vector_fma(p, r, vector_set(EXP_4));
    p = vector_fma(p, r, vector_set(EXP_3));
    p = vector_fma(p, r, vector_set(EXP_2));
    p = vector_fma(p, r, vector_set(EXP_1));
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
