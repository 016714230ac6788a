/* pointwise_cells for AVX2 and FMA; CMakeLists.txt compiles this file for them. */
#include "cpu/pointwise.h"

#if defined(__AVX2__) && defined(__FMA__)

#include "cpu/multiply_avx2.h"

void pointwise_cells_avx2(const struct pointwise *pointwise, const float *src, float *dst,
                          size_t block, size_t first, size_t count) {
    size_t map = pointwise->cells * POINTWISE_BLOCK, at = first * POINTWISE_BLOCK;
    struct columns start = {pointwise->bias + block * POINTWISE_BLOCK, POINTWISE_BLOCK, 0};
    dst += block * map + at;
    multiply_columns(block + 1 < pointwise->out_blocks ? 2 : 1, pointwise->in_blocks,
                     pointwise->weights +
                         block * POINTWISE_BLOCK * pointwise->in_blocks * POINTWISE_BLOCK,
                     start, src + at, map, dst, map, count);
}

#endif
