/* struct convolutions' direct_band. */
#ifndef VERIFY_CPU_DIRECT_KERNEL_H
#define VERIFY_CPU_DIRECT_KERNEL_H

#include "cpu/kernels/direct.h"
#include "cpu/kernels/multiply.h"

static void direct_band(const struct direct *direct, const float *patch, float *dst, size_t pair,
                        size_t band) {
    size_t width = direct->out[1], map = direct->out[0] * width * LANES;
    size_t terms = direct_terms(direct), first = band * DIRECT_ROWS;
    struct product product = {
        .inputs = terms,
        .u = direct->weights + pair * LANES * terms,
        .start = {direct->bias + pair * LANES, LANES, 0},
        .offsets = direct->offsets,
        .step = direct->stride[1] * direct->in_block,
        .m_map = map,
    };
    for (size_t y = 0; y < DIRECT_ROWS && first + y < direct->out[0]; y++) {
        product.v = patch + y * direct->stride[0] * direct->patch[1] * direct->in_block;
        product.m = dst + pair * map + (first + y) * width * LANES;
        multiply_terms(pair + 1 < direct->out_blocks ? 2 : 1, &product, width);
    }
}

#endif
