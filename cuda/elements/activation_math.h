/* The activations of enum activation, for C and CUDA C; the formulas are model/activation.h's. */
#ifndef VERIFY_CUDA_ELEMENTS_ACTIVATION_MATH_H
#define VERIFY_CUDA_ELEMENTS_ACTIVATION_MATH_H

#include <math.h>

#include "cuda/elements/lanes.h"
#include "cuda/kernels.h"

VERIFY_INLINE float epilogue_clamp(float x, float low, float high) {
    return x < low ? low : x > high ? high : x;
}

/* ln(1 + exp(x)) without overflow. */
VERIFY_INLINE float epilogue_softplus(float x) {
    return x > 20.0f ? x : log1pf(expf(x));
}

VERIFY_INLINE float epilogue_value(const struct epilogue *epilogue, float x) {
    switch (epilogue->activation) {
    case ACTIVATION_NONE:
        return x;
    case ACTIVATION_SILU:
        return x / (1.0f + expf(-x));
    case ACTIVATION_RELU:
        return x < 0.0f ? 0.0f : x;
    case ACTIVATION_LEAKY_RELU:
        return x < 0.0f ? epilogue->alpha * x : x;
    case ACTIVATION_SIGMOID:
        return 1.0f / (1.0f + expf(-x));
    case ACTIVATION_MISH:
        return x * tanhf(epilogue_softplus(x));
    case ACTIVATION_HARD_SIGMOID:
        return epilogue_clamp(epilogue->alpha * x + epilogue->beta, 0.0f, 1.0f);
    case ACTIVATION_HARD_SWISH:
        return x * epilogue_clamp(x / 6.0f + 0.5f, 0.0f, 1.0f);
    case ACTIVATION_TANH:
        return tanhf(x);
    case ACTIVATION_GELU:
        return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
    case ACTIVATION_CLIP:
        return epilogue_clamp(x, epilogue->alpha, epilogue->beta);
    case ACTIVATION_SOFTPLUS:
        return epilogue_softplus(x);
    }
    return x;
}

/* In place. SiLU, nearly every layer's, has a loop of its own, free of the switch. */
VERIFY_INLINE void epilogue_lanes(const struct epilogue *epilogue, int lanes, float *values) {
    if (epilogue->activation == ACTIVATION_NONE)
        return;
    if (epilogue->activation == ACTIVATION_SILU) {
        LANES_UNROLL
        for (int i = 0; i < lanes; i++)
            values[i] = values[i] / (1.0f + expf(-values[i]));
        return;
    }
    LANES_UNROLL
    for (int i = 0; i < lanes; i++)
        values[i] = epilogue_value(epilogue, values[i]);
}

#endif
