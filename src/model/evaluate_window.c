/* Convolutions, pools and Resize in plain C. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/activation.h"
#include "model/op.h"

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* The positions first .. end - 1 of `count` where 0 <= position * stride + offset < size. */
static void positions_inside(int64_t size, int64_t count, int64_t stride, int64_t offset,
                             int64_t *first, int64_t *end) {
    *first = offset >= 0 ? 0 : (stride - 1 - offset) / stride;
    *end = size > offset ? least((size - offset - 1) / stride + 1, count) : 0;
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

/* One window of a pool over one plane. */
static float pool_window(const struct op *op, const float *plane, int64_t height, int64_t width,
                         int64_t top, int64_t left) {
    const struct window *window = &op->window;
    double sum = 0.0, largest = -INFINITY;
    int64_t count = 0;
    for (int64_t ky = 0; ky < window->kernel[0]; ky++) {
        int64_t y = top + ky * window->dilation[0];
        if (y >= height + window->pad[2])
            break;
        for (int64_t kx = 0; kx < window->kernel[1]; kx++) {
            int64_t x = left + kx * window->dilation[1];
            if (x >= width + window->pad[3])
                break;
            bool inside = y >= 0 && y < height && x >= 0 && x < width;
            count += inside || op->pool_count_padding;
            if (!inside)
                continue;
            double value = (double)plane[y * width + x];
            sum += value;
            largest = value > largest ? value : largest;
        }
    }
    if (op->kind == OP_MAX_POOL)
        return (float)largest;
    return count ? (float)(sum / (double)count) : 0.0f;
}

static void evaluate_pool(const struct op *op, const struct value *in, struct value *out) {
    const struct window *window = &op->window;
    const int64_t *dims = out->shape.dims;
    int64_t height = in[0].shape.dims[2], width = in[0].shape.dims[3];
    float *to = out->data;
    for (int64_t plane = 0; plane < dims[0] * dims[1]; plane++)
        for (int64_t y = 0; y < dims[2]; y++)
            for (int64_t x = 0; x < dims[3]; x++)
                *to++ = pool_window(op, (const float *)in[0].data + plane * height * width, height,
                                    width, y * window->stride[0] - window->pad[0],
                                    x * window->stride[1] - window->pad[1]);
}

static void evaluate_resize(const struct op *op, const struct value *in, struct value *out) {
    const int64_t *dims = out->shape.dims;
    int64_t height = in[0].shape.dims[2], width = in[0].shape.dims[3];
    float *to = out->data;
    for (int64_t plane = 0; plane < dims[0] * dims[1]; plane++)
        for (int64_t y = 0; y < dims[2]; y++) {
            int64_t from_y = least((int64_t)floorf((float)y / op->scale[0]), height - 1);
            const float *from = (const float *)in[0].data + (plane * height + from_y) * width;
            for (int64_t x = 0; x < dims[3]; x++)
                *to++ = from[least((int64_t)floorf((float)x / op->scale[1]), width - 1)];
        }
}

enum status op_evaluate_window(const struct op *op, const struct value *in, struct value *out) {
    switch ((int)op->kind) {
    case OP_CONV:
    case OP_CONV_TRANSPOSE:
        return evaluate_conv(op, in, out);
    case OP_RESIZE:
        evaluate_resize(op, in, out);
        return STATUS_OK;
    default:
        evaluate_pool(op, in, out);
        return STATUS_OK;
    }
}
