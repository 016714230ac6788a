/* Shapes of convolutions, pools and Resize. */
#include <inttypes.h>
#include <math.h>

#include "model/op.h"

/* Above any that a real model has; sums and products of these and of dimensions fit int64. */
enum { MOST_WINDOW = 1 << 20 };

static bool in_range(int64_t value, int64_t least) {
    return value >= least && value <= MOST_WINDOW;
}

static enum status check_window(const struct op *op, const struct shape *x) {
    const struct window *window = &op->window;
    if (x->rank != 4)
        return OP_FAIL(op, "its input has rank %zu; only images (rank 4) are supported", x->rank);
    for (size_t i = 0; i < 2; i++) {
        if (!in_range(window->kernel[i], 1) || !in_range(window->stride[i], 1) ||
            !in_range(window->dilation[i], 1))
            return OP_FAIL(op,
                           "kernel %" PRId64 ", stride %" PRId64 ", dilation %" PRId64
                           ": each must be from 1 to %d",
                           window->kernel[i], window->stride[i], window->dilation[i], MOST_WINDOW);
        if (!in_range(window->output_padding[i], 0))
            return OP_FAIL(op, "output padding %" PRId64, window->output_padding[i]);
    }
    for (size_t i = 0; i < 4; i++)
        if (!in_range(window->pad[i], 0))
            return OP_FAIL(op, "padding %" PRId64 " must be from 0 to %d", window->pad[i],
                           MOST_WINDOW);
    return STATUS_OK;
}

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

/* Positions of the window along axis i of the image, or an error where there is none. */
static enum status window_positions(const struct op *op, const struct shape *x, size_t i,
                                    int64_t *out) {
    const struct window *window = &op->window;
    int64_t extent = window->dilation[i] * (window->kernel[i] - 1) + 1;
    int64_t room = x->dims[2 + i] + window->pad[i] + window->pad[2 + i] - extent;
    if (room < 0)
        return OP_FAIL(op, "its window of %" PRId64 " is larger than the padded input of %" PRId64,
                       extent, room + extent);
    bool round_up = window->ceil_mode && (op->kind == OP_MAX_POOL || op->kind == OP_AVERAGE_POOL);
    *out = (room + (round_up ? window->stride[i] - 1 : 0)) / window->stride[i] + 1;
    /* A window that would begin in the padding behind the image is left out. */
    if (round_up && (*out - 1) * window->stride[i] >= x->dims[2 + i] + window->pad[i])
        --*out;
    return STATUS_OK;
}

static enum status shape_conv(const struct op *op, const struct shape *const *in,
                              struct shape *out) {
    enum status status;
    int64_t in_channels;
    if (in[1]->rank != 4 || op->window.group < 1 ||
        __builtin_mul_overflow(in[1]->dims[1], op->window.group, &in_channels))
        return OP_FAIL(op, "%" PRId64 " groups of weights of rank %zu", op->window.group,
                       in[1]->rank);
    TRY(check_weights(op, in, in_channels, in[1]->dims[0]));
    *out = (struct shape){.rank = 4, .dims = {in[0]->dims[0], in[1]->dims[0]}};
    for (size_t i = 0; i < 2; i++)
        TRY(window_positions(op, in[0], i, &out->dims[2 + i]));
    if (op_has_input(op, 3) && !shape_equal(in[3], out)) {
        char text[SHAPE_TEXT];
        status = OP_FAIL(op, "a residual of shape %s", shape_text(in[3], text));
    }
out:
    return status;
}

static enum status shape_conv_transpose(const struct op *op, const struct shape *const *in,
                                        struct shape *out) {
    enum status status;
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

static enum status shape_pool(const struct op *op, const struct shape *x, struct shape *out) {
    enum status status = STATUS_OK;
    const struct window *window = &op->window;
    *out = (struct shape){.rank = 4, .dims = {x->dims[0], x->dims[1]}};
    for (size_t i = 0; i < 2; i++) {
        int64_t extent = window->dilation[i] * (window->kernel[i] - 1) + 1;
        if (window->pad[i] >= extent || window->pad[2 + i] >= extent) {
            status = OP_FAIL(op, "a padding as large as the window");
            goto out;
        }
        TRY(window_positions(op, x, i, &out->dims[2 + i]));
    }
out:
    return status;
}

static enum status shape_resize(const struct op *op, const struct shape *x, struct shape *out) {
    if (x->rank != 4)
        return OP_FAIL(op, "its input has rank %zu; only images (rank 4) are supported", x->rank);
    *out = *x;
    for (size_t i = 0; i < 2; i++) {
        float size = (float)x->dims[2 + i] * op->scale[i];
        if (!(op->scale[i] > 0.0f) || !(size >= 1.0f) || !(size <= 0x1p40f))
            return OP_FAIL(op, "a scale of %g on a size of %" PRId64, (double)op->scale[i],
                           x->dims[2 + i]);
        out->dims[2 + i] = (int64_t)floorf(size);
    }
    return STATUS_OK;
}

enum status op_shape_window(const struct op *op, const struct shape *const *in, struct shape *out) {
    if (op->kind == OP_RESIZE)
        return shape_resize(op, in[0], out);
    enum status status = check_window(op, in[0]);
    if (status != STATUS_OK)
        return status;
    switch ((int)op->kind) {
    case OP_CONV:
        return shape_conv(op, in, out);
    case OP_CONV_TRANSPOSE:
        return shape_conv_transpose(op, in, out);
    default:
        return shape_pool(op, in[0], out);
    }
}
