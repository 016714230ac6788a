/* Conv and ConvTranspose. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/activation.h"
#include "model/operators/operator.h"
#include "model/operators/window.h"

static enum status check_weights(const struct op *op, const struct shape *const *in,
                                 int64_t in_channels, int64_t out_channels) {
    char text[SHAPE_TEXT];
    const struct shape *x = in[0], *weights = in[1];
    int64_t group = op->window.group;
    if (weights->rank != 4 || weights->dims[2] != op->window.kernel[0] ||
        weights->dims[3] != op->window.kernel[1])
        return OP_FAIL(op, "weights %s do not fit the kernel %" PRId64 "x%" PRId64,
                       shape_text(weights, text), op->window.kernel[0], op->window.kernel[1]);
    if (group < 1 || in_channels < 1 || out_channels < 1 || in_channels % group ||
        out_channels % group)
        return OP_FAIL(op,
                       "%" PRId64 " groups do not divide %" PRId64 " input and %" PRId64
                       " output channels",
                       group, in_channels, out_channels);
    if (x->dims[1] != in_channels)
        return OP_FAIL(op, "weights for %" PRId64 " input channels, input has %" PRId64,
                       in_channels, x->dims[1]);
    if (op_has_input(op, 2) && (in[2]->rank != 1 || in[2]->dims[0] != out_channels))
        return OP_FAIL(op, "a bias of shape %s for %" PRId64 " output channels",
                       shape_text(in[2], text), out_channels);
    return STATUS_OK;
}

static enum status shape_conv(const struct op *op, const struct shape_inputs *inputs,
                              struct shape *out) {
    enum status status;
    const struct shape *const *in = inputs->in;
    TRY(window_check(op, in[0]));
    int64_t in_channels;
    if (in[1]->rank != 4 || op->window.group < 1 ||
        __builtin_mul_overflow(in[1]->dims[1], op->window.group, &in_channels))
        return OP_FAIL(op, "%" PRId64 " groups of weights of rank %zu", op->window.group,
                       in[1]->rank);
    TRY(check_weights(op, in, in_channels, in[1]->dims[0]));
    *out = (struct shape){.rank = 4, .dims = {in[0]->dims[0], in[1]->dims[0]}};
    for (size_t i = 0; i < 2; i++)
        TRY(window_positions(op, in[0], i, false, &out->dims[2 + i]));
    if (op_has_input(op, 3) && !shape_equal(in[3], out)) {
        char text[SHAPE_TEXT];
        status = OP_FAIL(op, "a residual of shape %s", shape_text(in[3], text));
    }
out:
    return status;
}

static enum status shape_conv_transpose(const struct op *op, const struct shape_inputs *inputs,
                                        struct shape *out) {
    enum status status;
    const struct shape *const *in = inputs->in;
    TRY(window_check(op, in[0]));
    const struct window *window = &op->window;
    int64_t out_channels;
    if (in[1]->rank != 4 || window->group < 1 ||
        __builtin_mul_overflow(in[1]->dims[1], window->group, &out_channels))
        return OP_FAIL(op, "%" PRId64 " groups of weights of rank %zu", window->group, in[1]->rank);
    TRY(check_weights(op, in, in[1]->dims[0], out_channels));
    *out = (struct shape){.rank = 4, .dims = {in[0]->dims[0], out_channels}};
    for (size_t i = 0; i < 2; i++) {
        int64_t extent = window->dilation[i] * (window->kernel[i] - 1) + 1;
        out->dims[2 + i] = (in[0]->dims[2 + i] - 1) * window->stride[i] + extent +
                           window->output_padding[i] - window->pad[i] - window->pad[2 + i];
        if (out->dims[2 + i] < 1) {
            status = OP_FAIL(op, "its padding leaves nothing of the output");
            goto out;
        }
    }
out:
    return status;
}

/* The positions first .. end - 1 of `count` where 0 <= position * stride + offset < size. */
static void positions_inside(int64_t size, int64_t count, int64_t stride, int64_t offset,
                             int64_t *first, int64_t *end) {
    *first = offset >= 0 ? 0 : (stride - 1 - offset) / stride;
    int64_t last = size > offset ? (size - offset - 1) / stride + 1 : 0;
    *end = last < count ? last : count;
}

/* sum[i] += weight * x[i * stride] */
static void add_row(double *restrict sum, const float *restrict x, int64_t stride, int64_t count,
                    double weight) {
    if (stride == 1)
        for (int64_t i = 0; i < count; i++)
            sum[i] += weight * (double)x[i];
    else
        for (int64_t i = 0; i < count; i++)
            sum[i] += weight * (double)x[i * stride];
}

/* One output row of one channel: every tap of the kernel adds a shifted input row. */
static void conv_row(const struct op *op, const struct value *in, int64_t image, int64_t channel,
                     int64_t row, double *sum, int64_t columns) {
    const struct window *window = &op->window;
    const int64_t *x_dims = in[0].shape.dims, *w_dims = in[1].shape.dims;
    int64_t group = channel / (w_dims[0] / window->group);
    for (int64_t c = 0; c < w_dims[1]; c++) {
        const float *x = (const float *)in[0].data +
                         (image * x_dims[1] + group * w_dims[1] + c) * x_dims[2] * x_dims[3];
        const float *weights =
            (const float *)in[1].data + (channel * w_dims[1] + c) * w_dims[2] * w_dims[3];
        for (int64_t ky = 0; ky < w_dims[2]; ky++) {
            int64_t y = row * window->stride[0] + ky * window->dilation[0] - window->pad[0];
            if (y < 0 || y >= x_dims[2])
                continue;
            for (int64_t kx = 0; kx < w_dims[3]; kx++) {
                int64_t first, end, offset = kx * window->dilation[1] - window->pad[1];
                positions_inside(x_dims[3], columns, window->stride[1], offset, &first, &end);
                if (first < end)
                    add_row(sum + first, x + y * x_dims[3] + first * window->stride[1] + offset,
                            window->stride[1], end - first, (double)weights[ky * w_dims[3] + kx]);
            }
        }
    }
}

/* One output row of a transposed convolution: the input rows that spread into it. */
static void conv_transpose_row(const struct op *op, const struct value *in, int64_t image,
                               int64_t channel, int64_t row, double *sum, int64_t columns) {
    const struct window *window = &op->window;
    const int64_t *x_dims = in[0].shape.dims, *w_dims = in[1].shape.dims;
    int64_t per_group = w_dims[0] / window->group, group = channel / w_dims[1];
    for (int64_t c = group * per_group; c < (group + 1) * per_group; c++) {
        const float *x =
            (const float *)in[0].data + (image * x_dims[1] + c) * x_dims[2] * x_dims[3];
        const float *weights = (const float *)in[1].data +
                               (c * w_dims[1] + channel % w_dims[1]) * w_dims[2] * w_dims[3];
        for (int64_t ky = 0; ky < w_dims[2]; ky++) {
            int64_t y = row + window->pad[0] - ky * window->dilation[0];
            if (y < 0 || y % window->stride[0] || y / window->stride[0] >= x_dims[2])
                continue;
            const float *x_row = x + y / window->stride[0] * x_dims[3];
            for (int64_t kx = 0; kx < w_dims[3]; kx++) {
                int64_t first, end, offset = kx * window->dilation[1] - window->pad[1];
                positions_inside(columns, x_dims[3], window->stride[1], offset, &first, &end);
                double weight = (double)weights[ky * w_dims[3] + kx];
                for (int64_t i = first; i < end; i++)
                    sum[i * window->stride[1] + offset] += weight * (double)x_row[i];
            }
        }
    }
}

static enum status evaluate_conv(const struct op *op, const struct value *in, struct value *out) {
    enum status status;
    double *sum;
    const int64_t *dims = out->shape.dims;
    int64_t columns = dims[3], rows = dims[0] * dims[1] * dims[2];
    const float *bias = op->n_inputs > 2 ? in[2].data : NULL;
    const float *residual = op->n_inputs > 3 ? in[3].data : NULL;
    TRY(memory_zeroed((size_t)columns, sizeof *sum, &sum));
    for (int64_t row = 0; row < rows; row++) {
        int64_t image = row / dims[2] / dims[1], channel = row / dims[2] % dims[1];
        float *to = (float *)out->data + row * columns;
        for (int64_t i = 0; i < columns; i++)
            sum[i] = bias ? (double)bias[channel] : 0.0;
        if (op->kind == OP_CONV)
            conv_row(op, in, image, channel, row % dims[2], sum, columns);
        else
            conv_transpose_row(op, in, image, channel, row % dims[2], sum, columns);
        for (int64_t i = 0; i < columns; i++)
            to[i] = activation_value(op->activation, (float)sum[i], op->alpha, op->beta) +
                    (residual ? residual[row * columns + i] : 0.0f);
    }
    free(sum);
out:
    return status;
}

static void cost_conv(const struct op *op, const struct shape *const *in, const struct shape *out,
                      struct op_cost *cost) {
    const struct shape *weights = in[1];
    bool transposed = op->kind == OP_CONV_TRANSPOSE;
    (void)out;
    /* Each output of a convolution, each input of a transposed one, meets the weights of one
     * output or input channel. */
    if (transposed)
        cost->multiply_adds = shape_cost(in[0]);
    cost->multiply_adds *=
        weights->dims[0] > 0 ? shape_cost(weights) / (double)weights->dims[0] : 0.0;
    double taps = (double)weights->dims[2] * (double)weights->dims[3];
    taps *=
        transposed ? (double)weights->dims[0] / (double)op->window.group : (double)weights->dims[1];
    cost->pieces *= taps;
}

const struct operator_row operator_conv = {
    .name = "Conv",
    .least = 2,
    .most = 4,
    .multiplies = true,
    .weighs = true,
    .dtype = op_dtype_float,
    .shape = shape_conv,
    .evaluate = evaluate_conv,
    .element_steps = 20.0, /* an activation */
    .cost = cost_conv,
};

const struct operator_row operator_conv_transpose = {
    .name = "ConvTranspose",
    .least = 2,
    .most = 3,
    .multiplies = true,
    .weighs = true,
    .dtype = op_dtype_float,
    .shape = shape_conv_transpose,
    .evaluate = evaluate_conv,
    .element_steps = 20.0,
    .cost = cost_conv,
};
