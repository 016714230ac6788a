/* MaxPool and AveragePool. */
#include <math.h>

#include "model/operators/operator.h"
#include "model/operators/window.h"

static enum status shape_pool(const struct op *op, const struct shape_inputs *inputs,
                              struct shape *out) {
    enum status status;
    const struct shape *x = inputs->in[0];
    TRY(window_check(op, x));
    const struct window *window = &op->window;
    *out = (struct shape){.rank = 4, .dims = {x->dims[0], x->dims[1]}};
    for (size_t i = 0; i < 2; i++) {
        int64_t extent = window->dilation[i] * (window->kernel[i] - 1) + 1;
        if (window->pad[i] >= extent || window->pad[2 + i] >= extent) {
            status = OP_FAIL(op, "a padding as large as the window");
            goto out;
        }
        TRY(window_positions(op, x, i, window->ceil_mode, &out->dims[2 + i]));
    }
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

static enum status evaluate_pool(const struct op *op, const struct value *in, struct value *out) {
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
    return STATUS_OK;
}

static void cost_pool(const struct op *op, const struct shape *const *in, const struct shape *out,
                      struct op_cost *cost) {
    (void)in;
    (void)out;
    cost->multiply_adds *= (double)op->window.kernel[0] * (double)op->window.kernel[1];
}

const struct operator_row operator_max_pool = {
    .name = "MaxPool",
    .least = 1,
    .most = 1,
    .dtype = op_dtype_float,
    .shape = shape_pool,
    .evaluate = evaluate_pool,
    .element_steps = 1.0,
    .cost = cost_pool,
};

const struct operator_row operator_average_pool = {
    .name = "AveragePool",
    .least = 1,
    .most = 1,
    .dtype = op_dtype_float,
    .shape = shape_pool,
    .evaluate = evaluate_pool,
    .element_steps = 1.0,
    .cost = cost_pool,
};
