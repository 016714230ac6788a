/* pointwise_cells for AVX2 and FMA; CMakeLists.txt compiles this file for them. */
#include "cpu/pointwise.h"

#if defined(__AVX2__) && defined(__FMA__)

#include "cpu/multiply_avx2.h"

/* Input blocks that are summed before the next cells' turn: their weights stay in the first-level
 * cache. */
enum { PART = 16 };

void pointwise_cells_avx2(const struct pointwise *pointwise, const float *src, float *dst,
                          size_t block, size_t first, size_t count) {
    size_t map = pointwise->cells * POINTWISE_BLOCK;
    size_t outputs = block + 1 < pointwise->out_blocks ? 2 : 1;
    size_t inputs = pointwise->end_in - pointwise->first_in;
    size_t parts = (inputs + PART - 1) / PART, done = 0;
    const float *weights =
        pointwise->weights + (block * pointwise->in_blocks + pointwise->first_in * outputs) *
                                 POINTWISE_BLOCK * POINTWISE_BLOCK;
    src += first * POINTWISE_BLOCK;
    dst += block * map + first * POINTWISE_BLOCK;
    struct columns start = {dst, map, POINTWISE_BLOCK};
    if (pointwise->bias)
        start = (struct columns){pointwise->bias + block * POINTWISE_BLOCK, POINTWISE_BLOCK, 0};
    for (size_t p = 1; p <= parts; p++) {
        size_t end = inputs * p / parts;
        multiply_columns(outputs, end - done,
                         weights + done * outputs * POINTWISE_BLOCK * POINTWISE_BLOCK, start,
                         src + done * map, map, dst, map, count);
        start = (struct columns){dst, map, POINTWISE_BLOCK};
        done = end;
    }
}

#endif
