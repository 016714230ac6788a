/* Convolutions 1x1 by our own matrix product, the activation while a chunk is in the cache. */
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/channels.h"
#include "cpu/layer.h"
#include "cpu/pointwise.h"
#include "model/activation.h"

struct pointwise_args {
    struct pointwise pointwise;
    struct activation_params activation;
    size_t src, dst, residual;
    size_t channels; /* not 0: the last output block has to be cleared behind so many */
};

static void run_chunk(const struct plan *plan, const void *step_args, size_t item, size_t thread) {
    (void)thread;
    const struct pointwise_args *args = step_args;
    const struct pointwise *pointwise = &args->pointwise;
    const struct kernels *kernels = plan->runtime->kernels;
    size_t first = item * pointwise->chunk, left = pointwise->cells - first;
    size_t count = left < pointwise->chunk ? left : pointwise->chunk;
    const float *src = buffer_floats(plan, args->src);
    const float *residual =
        args->residual == NO_BUFFER ? NULL : buffer_floats(plan, args->residual);
    float *dst = buffer_floats(plan, args->dst);
    bool linear = args->activation.kind == ACTIVATION_NONE && !residual;
    for (size_t pair = 0; pair < pointwise->out_blocks; pair += 2) {
        kernels->pointwise_cells(pointwise, src, dst, pair, first, count);
        for (size_t b = pair; !linear && b < pair + 2 && b < pointwise->out_blocks; b++) {
            size_t at = (b * pointwise->cells + first) * POINTWISE_BLOCK;
            kernels->activate(&args->activation, dst + at, residual ? residual + at : NULL,
                              dst + at, count * POINTWISE_BLOCK);
        }
    }
    if (args->channels)
        channels_clear_padding(dst + ((pointwise->out_blocks - 1) * pointwise->cells + first) *
                                         POINTWISE_BLOCK,
                               POINTWISE_BLOCK, args->channels % POINTWISE_BLOCK, count);
}

static bool is_pointwise(const struct plan *plan, const struct op *op) {
    const struct window *window = &op->window;
    if (!convolution_is_ours(plan, op))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (window->kernel[i] != 1 || window->stride[i] != 1 || window->pad[i] != 0 ||
            window->pad[2 + i] != 0)
            return false;
    /* Less would be mostly padding of blocks. */
    return plan->shapes[op->inputs[0]].dims[1] >= POINTWISE_BLOCK &&
           plan->shapes[op->output].dims[1] >= POINTWISE_BLOCK;
}

static enum status pack(struct runtime *runtime, const struct op *op, size_t in_channels,
                        size_t out_channels, struct pointwise *pointwise) {
    enum status status;
    bool fresh;
    float *packed;
    TRY(convolution_constants(runtime, op, pointwise_weight_count(pointwise), &fresh, &packed,
                              &pointwise->bias));
    if (fresh)
        pointwise_weights(pointwise, runtime->graph->tensors[op->inputs[1]].data, in_channels,
                          out_channels, packed);
    pointwise->weights = packed;
out:
    return status;
}

enum status layer_pointwise(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct pointwise_args *args = NULL, what = {.residual = NO_BUFFER};
    if (!is_pointwise(plan, op))
        return STATUS_OK;
    size_t in_channels = (size_t)plan->shapes[op->inputs[0]].dims[1];
    size_t out_channels = (size_t)plan->shapes[op->output].dims[1];
    what.pointwise = pointwise_of(plan_cells(plan, op->output), in_channels, out_channels,
                                  plan->runtime->threads);
    what.activation = (struct activation_params){op->activation, op->alpha, op->beta};
    if (out_channels % POINTWISE_BLOCK &&
        activation_value(op->activation, 0.0f, op->alpha, op->beta) != 0.0f)
        what.channels = out_channels;
    TRY(pack(plan->runtime, op, in_channels, out_channels, &what.pointwise));
    TRY(plan_read(plan, op->inputs[0], LAYOUT_BLOCKED, &what.src));
    if (op->n_inputs > 3 && op->inputs[3] >= 0)
        TRY(plan_read(plan, op->inputs[3], LAYOUT_BLOCKED, &what.residual));
    what.dst = plan_write(plan, op->output, LAYOUT_BLOCKED);
    TRY(memory_zeroed(1, sizeof *args, &args));
    *args = what;
    size_t items = (what.pointwise.cells + what.pointwise.chunk - 1) / what.pointwise.chunk;
    TRY(plan_shared_step(plan, "pointwise", items, run_chunk, args, free));
    plan_use(plan, what.src);
    plan_use(plan, what.residual);
    plan_use(plan, what.dst);
    *done = true;
out:
    return status;
}
