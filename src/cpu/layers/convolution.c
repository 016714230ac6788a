/* Convolutions and transposed convolutions: the first of the ways that does a case. */
#include "cpu/layers/convolution_case.h"
#include "cpu/layers/convolution_depthwise.h"
#include "cpu/layers/convolution_direct.h"
#include "cpu/layers/convolution_pointwise.h"
#include "cpu/layers/convolution_winograd.h"
#include "cpu/layers/layers.h"
#include "cpu/layers/onednn.h"

static enum layout layout_convolution(const struct plan *plan, const struct op *op) {
    return convolution_is_blocked(plan, op) ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
}

static enum status append_convolution(struct plan *plan, const struct op *op, bool *done) {
    enum status (*const ways[])(struct plan * plan, const struct op *op, bool *done) = {
        convolution_winograd,  convolution_pointwise, convolution_direct,
        convolution_depthwise, onednn_convolution,
    };
    enum status status = STATUS_OK;
    if (!convolution_is_plain(plan, op))
        return STATUS_OK;
    for (size_t i = 0; i < sizeof ways / sizeof *ways && !*done; i++)
        TRY(ways[i](plan, op, done));
out:
    return status;
}

static enum status append_deconvolution(struct plan *plan, const struct op *op, bool *done) {
    return convolution_is_plain(plan, op) ? onednn_deconvolution(plan, op, done) : STATUS_OK;
}

const struct layer layer_convolution = {
    .layout = layout_convolution,
    .append = append_convolution,
};
const struct layer layer_deconvolution = {
    .layout = layout_convolution,
    .append = append_deconvolution,
};
