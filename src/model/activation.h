/* The activations' arithmetic, one element at a time, for C and CUDA C. */
#ifndef VERIFY_MODEL_ACTIVATION_H
#define VERIFY_MODEL_ACTIVATION_H

#include <math.h>

#include "base/inline.h"
#include "model/graph.h"

VERIFY_INLINE float activation_clamp(float x, float low, float high) {
    return x < low ? low : x > high ? high : x;
}

/* ln(1 + exp(x)) without overflow. */
VERIFY_INLINE float activation_softplus(float x) {
    return x > 20.0f ? x : log1pf(expf(x));
}

/* enum activation's formula for one element. */
VERIFY_INLINE float activation_value(enum activation activation, float x, float alpha, float beta) {
    switch (activation) {
    case ACTIVATION_NONE:
        return x;
    case ACTIVATION_SILU:
        return x / (1.0f + expf(-x));
    case ACTIVATION_RELU:
        return x < 0.0f ? 0.0f : x;
    case ACTIVATION_LEAKY_RELU:
        return x < 0.0f ? alpha * x : x;
    case ACTIVATION_SIGMOID:
        return 1.0f / (1.0f + expf(-x));
    case ACTIVATION_MISH:
        return x * tanhf(activation_softplus(x));
    case ACTIVATION_HARD_SIGMOID:
        return activation_clamp(alpha * x + beta, 0.0f, 1.0f);
    case ACTIVATION_HARD_SWISH:
        return x * activation_clamp(x / 6.0f + 0.5f, 0.0f, 1.0f);
    case ACTIVATION_TANH:
        return tanhf(x);
    case ACTIVATION_GELU:
        return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
    case ACTIVATION_CLIP:
        return activation_clamp(x, alpha, beta);
    case ACTIVATION_SOFTPLUS:
        return activation_softplus(x);
    }
    return x;
}

#endif
