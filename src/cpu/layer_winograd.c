/* Convolutions by Winograd's algorithm. */
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/layer.h"
#include "cpu/winograd.h"

struct winograd_args {
    struct winograd winograd;
    size_t src, dst, residual, scratch;
};

static void run_chunk(const struct plan *plan, const void *step_args, size_t item, size_t thread) {
    const struct winograd_args *args = step_args;
    const struct winograd *winograd = &args->winograd;
    const float *residual =
        args->residual == NO_BUFFER ? NULL : buffer_floats(plan, args->residual);
    size_t first = item * winograd->chunk, left = winograd->n_tiles - first;
    plan->runtime->convolutions->winograd_tiles(
        winograd, buffer_floats(plan, args->src), residual, buffer_floats(plan, args->dst), first,
        left < winograd->chunk ? left : winograd->chunk,
        buffer_floats(plan, args->scratch) + thread * winograd_scratch_count(winograd));
}

static enum status pack(struct runtime *runtime, const struct op *op, size_t in_channels,
                        size_t out_channels, struct winograd *winograd) {
    enum status status;
    bool fresh;
    float *u;
    TRY(convolution_constants(runtime, op, winograd_weight_count(winograd), &fresh, &u,
                              &winograd->bias));
    if (fresh)
        winograd_weights(winograd, runtime->graph->tensors[op->inputs[1]].data, in_channels,
                         out_channels, u);
    winograd->weights = u;
out:
    return status;
}

static bool is_winograd(const struct plan *plan, const struct op *op) {
    const struct window *window = &op->window;
    if (!convolution_is_ours(plan, op))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (window->kernel[i] != 3 || window->stride[i] != window->stride[0] ||
            window->stride[i] > 2 || window->dilation[i] != 1 || window->pad[i] != 1 ||
            window->pad[2 + i] != 1)
            return false;
    /* What transforms cost is shared by few channels; measured with bench_cpu_layers. */
    int64_t least = window->stride[0] == 1 ? 8 : 32;
    return plan->shapes[op->inputs[0]].dims[1] >= least &&
           plan->shapes[op->output].dims[1] >= least;
}

enum status layer_winograd(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct winograd_args *args = NULL;
    struct activation_params activation = {op->activation, op->alpha, op->beta};
    bool built_in = winograd_activates(op->activation);
    size_t residual = NO_BUFFER, threads = plan->runtime->threads;
    if (!is_winograd(plan, op))
        return STATUS_OK;
    const int64_t *in = plan->shapes[op->inputs[0]].dims, *out = plan->shapes[op->output].dims;
    TRY(memory_zeroed(1, sizeof *args, &args));
    args->winograd = winograd_of(plan->runtime->block, (size_t)op->window.stride[0], (size_t)in[2],
                                 (size_t)in[3], (size_t)in[1], (size_t)out[1], threads);
    args->winograd.activation = built_in ? op->activation : ACTIVATION_NONE;
    args->winograd.alpha = op->alpha;
    TRY(pack(plan->runtime, op, (size_t)in[1], (size_t)out[1], &args->winograd));
    TRY(plan_scratch(plan, threads * winograd_scratch_count(&args->winograd) * sizeof(float),
                     &args->scratch));
    TRY(plan_read(plan, op->inputs[0], LAYOUT_BLOCKED, &args->src));
    if (op->n_inputs > 3 && op->inputs[3] >= 0)
        TRY(plan_read(plan, op->inputs[3], LAYOUT_BLOCKED, &residual));
    args->residual = built_in ? residual : NO_BUFFER;
    size_t dst = args->dst = plan_write(plan, op->output, LAYOUT_BLOCKED);
    const struct winograd_args used = *args;
    size_t chunk = used.winograd.chunk, items = (used.winograd.n_tiles + chunk - 1) / chunk;
    enum status appended = plan_shared_step(plan, "winograd", items, run_chunk, args, free);
    args = NULL;
    TRY(appended);
    plan_use(plan, used.src);
    plan_use(plan, used.residual);
    plan_use(plan, used.scratch);
    plan_use(plan, dst);
    if (!built_in)
        TRY(layer_activation(plan, op, &activation, dst, residual, dst, LAYOUT_BLOCKED));
    *done = true;
out:
    free(args);
    return status;
}
