/* What an epilogue does to an element, for C and CUDA C. */
#ifndef VERIFY_CUDA_ELEMENTS_ACTIVATION_MATH_H
#define VERIFY_CUDA_ELEMENTS_ACTIVATION_MATH_H

#include "cuda/elements/lanes.h"
#include "cuda/kernels/kernels.h"
#include "model/activation.h"

VERIFY_INLINE float epilogue_value(const struct epilogue *epilogue, float x) {
    return activation_value(epilogue->activation, x, epilogue->alpha, epilogue->beta);
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
