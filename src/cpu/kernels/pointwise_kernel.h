/* struct convolutions' pointwise_cells. */
#ifndef VERIFY_CPU_POINTWISE_KERNEL_H
#define VERIFY_CPU_POINTWISE_KERNEL_H

#include "cpu/kernels/multiply.h"
#include "cpu/kernels/pointwise.h"

/* Input blocks that are summed before the next cells' turn, 128 channels: their weights stay in the
 * first-level cache. */
enum { PART = 128 / LANES };

static void pointwise_cells(const struct pointwise *pointwise, const float *src, float *dst,
                            size_t pair, size_t first, size_t count) {
    size_t map = pointwise->cells * LANES;
    size_t outputs = pair + 1 < pointwise->out_blocks ? 2 : 1;
    size_t inputs = pointwise->end_in - pointwise->first_in;
    size_t parts = (inputs + PART - 1) / PART, done = 0;
    const float *weights =
        pointwise->weights +
        (pair * pointwise->in_blocks + pointwise->first_in * outputs) * LANES * LANES;
    src += first * LANES;
    dst += pair * map + first * LANES;
    struct columns start = {dst, map, LANES};
    if (pointwise->bias)
        start = (struct columns){pointwise->bias + pair * LANES, LANES, 0};
    for (size_t p = 1; p <= parts; p++) {
        size_t end = inputs * p / parts;
        multiply_columns(outputs, end - done, weights + done * outputs * LANES * LANES, start,
                         src + done * map, map, dst, map, count);
        start = (struct columns){dst, map, LANES};
        done = end;
    }
}

#endif
