/* direct_band for AVX2 and FMA; CMakeLists.txt compiles this file for them. */
#include "cpu/direct.h"

#if defined(__AVX2__) && defined(__FMA__)

#include "cpu/multiply_avx2.h"

void direct_band_avx2(const struct direct *direct, const float *patch, float *dst, size_t pair,
                      size_t band) {
    size_t width = direct->out[1], map = direct->out[0] * width * DIRECT_BLOCK;
    size_t terms = direct_terms(direct), first = band * DIRECT_ROWS;
    const float *u = direct->weights + pair * DIRECT_BLOCK * terms;
    const float *bias = direct->bias + pair * DIRECT_BLOCK;
    for (size_t y = 0; y < DIRECT_ROWS && first + y < direct->out[0]; y++)
        multiply_terms(pair + 1 < direct->out_blocks ? 2 : 1, terms, u, bias,
                       patch + y * direct->stride[0] * direct->patch[1] * direct->block,
                       direct->offsets, direct->stride[1] * direct->block,
                       dst + pair * map + (first + y) * width * DIRECT_BLOCK, map, width);
}

#endif
