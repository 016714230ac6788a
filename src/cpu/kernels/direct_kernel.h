/* struct convolutions' direct_band. */
#ifndef VERIFY_CPU_DIRECT_KERNEL_H
#define VERIFY_CPU_DIRECT_KERNEL_H

#include "cpu/kernels/direct.h"
#include "cpu/kernels/multiply.h"

static void direct_band(const struct direct *direct, const float *patch, float *dst, size_t pair,
                        size_t band) {
    size_t width = direct->out[1], map = direct->out[0] * width * LANES;
    size_t terms = direct_terms(direct), first = band * DIRECT_ROWS;
    const float *u = direct->weights + pair * LANES * terms;
    const float *bias = direct->bias + pair * LANES;
    for (size_t y = 0; y < DIRECT_ROWS && first + y < direct->out[0]; y++)
        multiply_terms(pair + 1 < direct->out_blocks ? 2 : 1, terms, u, bias,
                       patch + y * direct->stride[0] * direct->patch[1] * direct->in_block,
                       direct->offsets, direct->stride[1] * direct->in_block,
                       dst + pair * map + (first + y) * width * LANES, map, width);
}

#endif
