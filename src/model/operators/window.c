/* What convolutions and pools have in common: windows that go over a picture. */
#include <inttypes.h>

#include "model/operators/window.h"

/* Above any that a real model has; sums and products of these and of dimensions fit int64. */
enum { MOST_WINDOW = 1 << 20 };

static bool in_range(int64_t value, int64_t least) {
    return value >= least && value <= MOST_WINDOW;
}

enum status window_check(const struct op *op, const struct shape *x) {
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

enum status window_positions(const struct op *op, const struct shape *x, size_t i, bool round_up,
                             int64_t *out) {
    const struct window *window = &op->window;
    int64_t extent = window->dilation[i] * (window->kernel[i] - 1) + 1;
    int64_t room = x->dims[2 + i] + window->pad[i] + window->pad[2 + i] - extent;
    if (room < 0)
        return OP_FAIL(op, "its window of %" PRId64 " is larger than the padded input of %" PRId64,
                       extent, room + extent);
    *out = (room + (round_up ? window->stride[i] - 1 : 0)) / window->stride[i] + 1;
    /* A window that would begin in the padding behind the image is left out. */
    if (round_up && (*out - 1) * window->stride[i] >= x->dims[2 + i] + window->pad[i])
        --*out;
    return STATUS_OK;
}
