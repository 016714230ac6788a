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
    src += first * LANES;
    dst += pair * map + first * LANES;
    struct product product = {
        .u = pointwise->weights +
             (pair * pointwise->in_blocks + pointwise->first_in * outputs) * LANES * LANES,
        .start = {dst, map, LANES},
        .v = src,
        .v_map = map,
        .m = dst,
        .m_map = map,
    };
    if (pointwise->bias)
        product.start = (struct columns){pointwise->bias + pair * LANES, LANES, 0};
    for (size_t p = 1; p <= parts; p++) {
        size_t end = inputs * p / parts;
        product.inputs = end - done;
        multiply_columns(outputs, &product, count);
        product.start = (struct columns){dst, map, LANES};
        product.u += product.inputs * outputs * LANES * LANES;
        product.v += product.inputs * map;
        done = end;
    }
}

#endif
