/* struct convolutions' depthwise_rows. */
#ifndef VERIFY_CPU_DEPTHWISE_KERNEL_H
#define VERIFY_CPU_DEPTHWISE_KERNEL_H

#include "cpu/kernels/depthwise.h"
#include "cpu/kernels/vector.h"

/* Outputs of a row that are computed together: their sums and a weight stay in registers. */
enum { DEPTHWISE_GROUP = 8 };
#define EACH_OF_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)

/* Taps of the window, first to end - 1, that lie in the map: rows, columns. */
struct taps {
    size_t first, end;
};

/* The taps of output `at` along an axis. */
INLINE struct taps taps_of(const struct depthwise *depthwise, size_t axis, size_t at) {
    size_t dilation = depthwise->dilation[axis], pad = depthwise->pad[axis];
    size_t place = at * depthwise->stride[axis], in = depthwise->in[axis] + pad;
    struct taps taps = {0, depthwise->kernel[axis]};
    if (place < pad)
        taps.first = (pad - place + dilation - 1) / dilation;
    if (place + (taps.end - 1) * dilation >= in)
        taps.end = place >= in ? 0 : (in - place + dilation - 1) / dilation;
    taps.first = taps.first < taps.end ? taps.first : taps.end;
    return taps;
}

/* Outputs of a row that have all taps of a row or fewer, all the same. */
struct outputs {
    const float *src;     /* the first one's cell under the first tap; others a `step` behind */
    const float *weights; /* of that tap */
    const float *bias;
    float *dst;
    size_t step, rows, columns;                 /* rows, columns: taps */
    size_t row_step, column_step, weights_step; /* from a tap to that below or behind */
};

/* The sums are variables of their own, not an array: compilers would leave that in memory. */
#define DECLARE(t) struct vector sum##t = bias;
#define ADD(t)                                                                                     \
    if ((t) < n)                                                                                   \
        sum##t = vector_fma(vector_load(cell + (size_t)(t)*step), weight, sum##t);
#define STORE(t)                                                                                   \
    if ((t) < n)                                                                                   \
        vector_store(outputs->dst + (size_t)(t)*LANES, sum##t);

INLINE void depthwise_group(size_t n, const struct outputs *outputs) {
    const struct vector bias = vector_load(outputs->bias);
    const size_t step = outputs->step, column_step = outputs->column_step;
    EACH_OF_ROW(DECLARE)
    for (size_t y = 0; y < outputs->rows; y++) {
        const float *cell = outputs->src + y * outputs->row_step;
        const float *weights = outputs->weights + y * outputs->weights_step;
        for (size_t x = 0; x < outputs->columns; x++, cell += column_step, weights += LANES) {
            struct vector weight = vector_load(weights);
            EACH_OF_ROW(ADD)
        }
    }
    EACH_OF_ROW(STORE)
}

#undef DECLARE
#undef ADD
#undef STORE

#define ROW_CASE(n_)                                                                               \
    case (n_) + 1:                                                                                 \
        depthwise_group((n_) + 1, &part);                                                          \
        break;

/* `count` outputs of a row. */
static inline void depthwise_outputs(const struct outputs *outputs, size_t count) {
    /* Groups of like sizes: small ones are slow. */
    size_t groups = (count + DEPTHWISE_GROUP - 1) / DEPTHWISE_GROUP, done = 0;
    struct outputs part = *outputs;
    for (size_t g = 1; g <= groups; g++) {
        size_t end = count * g / groups;
        switch (end - done) { EACH_OF_ROW(ROW_CASE) }
        part.src += (end - done) * part.step;
        part.dst += (end - done) * LANES;
        done = end;
    }
}

#undef ROW_CASE
#undef EACH_OF_ROW

static void depthwise_row(const struct depthwise *depthwise, const float *weights,
                          const float *bias, const float *src, float *dst, size_t y) {
    size_t width = depthwise->in[1], outputs = depthwise->out[1], x = 0, end;
    struct taps rows = taps_of(depthwise, 0, y);
    struct outputs part = {
        .bias = bias,
        .step = depthwise->stride[1] * LANES,
        .rows = rows.end - rows.first,
        .row_step = depthwise->dilation[0] * width * LANES,
        .column_step = depthwise->dilation[1] * LANES,
        .weights_step = depthwise->kernel[1] * LANES,
    };
    for (; x < outputs; x = end) {
        struct taps columns = taps_of(depthwise, 1, x), next;
        for (end = x + 1; end < outputs; end++) {
            next = taps_of(depthwise, 1, end);
            if (next.first != columns.first || next.end != columns.end)
                break;
        }
        part.columns = columns.end - columns.first;
        part.dst = dst + (y * outputs + x) * LANES;
        part.weights = weights + rows.first * part.weights_step + columns.first * LANES;
        /* Where no tap lies in the map, nothing is read. */
        part.src = src;
        if (part.rows && part.columns) {
            size_t top = y * depthwise->stride[0] + rows.first * depthwise->dilation[0];
            size_t left = x * depthwise->stride[1] + columns.first * depthwise->dilation[1];
            part.src += ((top - depthwise->pad[0]) * width + left - depthwise->pad[1]) * LANES;
        }
        depthwise_outputs(&part, end - x);
    }
}

static void depthwise_rows(const struct depthwise *depthwise, const float *src, float *dst,
                           size_t block, size_t first, size_t count) {
    size_t taps = depthwise->kernel[0] * depthwise->kernel[1];
    const float *weights = depthwise->weights + block * taps * LANES;
    src += block * depthwise->in[0] * depthwise->in[1] * LANES;
    dst += block * depthwise->out[0] * depthwise->out[1] * LANES;
    for (size_t y = first; y < first + count; y++)
        depthwise_row(depthwise, weights, depthwise->bias + block * LANES, src, dst, y);
}

#endif
