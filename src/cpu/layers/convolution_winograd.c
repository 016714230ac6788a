/* Convolutions by Winograd's algorithm. */
#include "cpu/layers/convolution_winograd.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/kernels/winograd.h"
#include "cpu/layers/convolution_case.h"
#include "cpu/layers/elements.h"

/* The most convolutions that are done as one. */
enum { MOST_SIBLINGS = 4 };

struct winograd_output {
    const struct op *op;
    struct winograd winograd;
    size_t dst, residual;
};

/* Convolutions of one input, which is transformed once for all of them. */
struct winograd_args {
    size_t src, scratch;
    size_t chunk, scratch_count; /* of each output, and enough for each */
    size_t n;
    struct winograd_output outputs[MOST_SIBLINGS];
};

static void run_chunk(const struct plan *plan, const void *step_args, size_t item, size_t thread) {
    const struct winograd_args *args = step_args;
    size_t first = item * args->chunk, left = args->outputs[0].winograd.n_tiles - first;
    float *scratch = buffer_floats(plan, args->scratch) + thread * args->scratch_count;
    for (size_t i = 0; i < args->n; i++) {
        const struct winograd_output *output = &args->outputs[i];
        const float *residual =
            output->residual == NO_BUFFER ? NULL : buffer_floats(plan, output->residual);
        plan->runtime->convolutions->winograd_tiles(
            &output->winograd, i ? NULL : buffer_floats(plan, args->src), residual,
            buffer_floats(plan, output->dst), first, left < args->chunk ? left : args->chunk,
            scratch);
    }
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

static bool has_residual(const struct op *op) {
    return op->n_inputs > 3 && op->inputs[3] >= 0;
}

/* Whether a step computes it already: along with a sibling. */
static bool is_done(const struct plan *plan, const struct op *op) {
    return plan->buffers[buffer_of(op->output, LAYOUT_BLOCKED)].ready;
}

/* Finds the convolution and those of the same input that can be computed along with it: their
 * stride is its, and nothing has to be there that later steps compute. */
static void find_siblings(const struct plan *plan, const struct op *op,
                          struct winograd_args *args) {
    const struct graph *graph = plan->runtime->graph;
    args->outputs[args->n++].op = op;
    for (const struct op *other = graph->ops; other < graph->ops + graph->n_ops; other++)
        if (args->n < MOST_SIBLINGS && other != op && other->kind == OP_CONV &&
            other->inputs[0] == op->inputs[0] && is_winograd(plan, other) &&
            !is_done(plan, other) && other->window.stride[0] == op->window.stride[0] &&
            !has_residual(other) && winograd_activates(other->activation))
            args->outputs[args->n++].op = other;
}

/* What is computed for each output. */
static enum status describe_outputs(struct plan *plan, struct winograd_args *args) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < args->n; i++) {
        struct winograd_output *output = &args->outputs[i];
        struct winograd *winograd = &output->winograd;
        const struct op *op = output->op;
        const int64_t *in = plan->shapes[op->inputs[0]].dims;
        size_t in_channels = (size_t)in[1];
        size_t out_channels = (size_t)plan->shapes[op->output].dims[1];
        *winograd = winograd_of(plan->runtime->block, (size_t)op->window.stride[0], (size_t)in[2],
                                (size_t)in[3], in_channels, out_channels, plan->runtime->threads);
        winograd->activation =
            winograd_activates(op->activation) ? op->activation : ACTIVATION_NONE;
        winograd->alpha = op->alpha;
        TRY(pack(plan->runtime, op, in_channels, out_channels, winograd));
        args->chunk = i == 0 || winograd->chunk < args->chunk ? winograd->chunk : args->chunk;
        output->residual = NO_BUFFER;
        output->dst = plan_write(plan, op->output, LAYOUT_BLOCKED);
    }
    /* V lies as the chunk's size says, so this is one. */
    for (size_t i = 0; i < args->n; i++) {
        struct winograd *winograd = &args->outputs[i].winograd;
        winograd->chunk = args->chunk;
        size_t count = winograd_scratch_count(winograd);
        args->scratch_count = count > args->scratch_count ? count : args->scratch_count;
    }
out:
    return status;
}

enum status convolution_winograd(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct winograd_args *args = NULL;
    struct activation_params activation = {op->activation, op->alpha, op->beta};
    bool built_in = winograd_activates(op->activation);
    size_t residual = NO_BUFFER, threads = plan->runtime->threads;
    if (!is_winograd(plan, op))
        return STATUS_OK;
    *done = true;
    if (is_done(plan, op))
        return STATUS_OK;
    TRY(memory_zeroed(1, sizeof *args, &args));
    TRY(plan_read(plan, op->inputs[0], LAYOUT_BLOCKED, &args->src));
    if (has_residual(op))
        TRY(plan_read(plan, op->inputs[3], LAYOUT_BLOCKED, &residual));
    find_siblings(plan, op, args);
    TRY(describe_outputs(plan, args));
    args->outputs[0].residual = built_in ? residual : NO_BUFFER;
    TRY(plan_scratch(plan, threads * args->scratch_count * sizeof(float), &args->scratch));
    const struct winograd_args used = *args;
    size_t items = (used.outputs[0].winograd.n_tiles + used.chunk - 1) / used.chunk;
    enum status appended = plan_shared_step(plan, used.n > 1 ? "winograd of siblings" : "winograd",
                                            items, run_chunk, args, free);
    args = NULL;
    TRY(appended);
    plan_use(plan, used.src);
    plan_use(plan, used.scratch);
    for (size_t i = 0; i < used.n; i++) {
        plan_use(plan, used.outputs[i].residual);
        plan_use(plan, used.outputs[i].dst);
        if (i)
            plan_also(plan, used.outputs[i].op);
    }
    size_t dst = used.outputs[0].dst;
    if (!built_in)
        TRY(elements_activate(plan, op, &activation, dst, residual, dst, LAYOUT_BLOCKED));
out:
    free(args);
    return status;
}
