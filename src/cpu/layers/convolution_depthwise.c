/* Convolutions of each channel by itself (depthwise.h), the activation while a band is in the
 * cache. */
#include "cpu/layers/convolution_depthwise.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/kernels/channels.h"
#include "cpu/kernels/depthwise.h"
#include "cpu/layers/convolution_case.h"
#include "model/activation.h"

struct depthwise_args {
    struct depthwise depthwise;
    struct activation_params activation;
    size_t src, dst, residual;
    size_t used; /* not 0: channels of the last block; the others have to be cleared */
};

static void run_band(const struct plan *plan, const void *step_args, size_t item, size_t thread) {
    (void)thread;
    const struct depthwise_args *args = step_args;
    const struct depthwise *depthwise = &args->depthwise;
    size_t bands = depthwise_bands(depthwise), block = item / bands;
    size_t row = item % bands * depthwise->rows, left = depthwise->out[0] - row;
    size_t rows = left < depthwise->rows ? left : depthwise->rows;
    size_t cells = rows * depthwise->out[1];
    size_t at = (block * depthwise->out[0] + row) * depthwise->out[1] * depthwise->block;
    const float *residual =
        args->residual == NO_BUFFER ? NULL : buffer_floats(plan, args->residual) + at;
    float *dst = buffer_floats(plan, args->dst);
    plan->runtime->convolutions->depthwise_rows(depthwise, buffer_floats(plan, args->src), dst,
                                                block, row, rows);
    if (args->activation.kind != ACTIVATION_NONE || residual)
        plan->runtime->kernels->activate(&args->activation, dst + at, residual, dst + at,
                                         cells * depthwise->block);
    if (args->used && block + 1 == depthwise->blocks)
        channels_clear_padding(dst + at, depthwise->block, args->used, cells);
}

static bool is_depthwise(const struct plan *plan, const struct op *op) {
    const struct window *window = &op->window;
    int64_t channels = plan->shapes[op->inputs[0]].dims[1];
    return plan->runtime->convolutions && plan->layouts[op->output] == LAYOUT_BLOCKED &&
           window->group == channels && plan->shapes[op->output].dims[1] == channels &&
           window->pad[0] >= 0 && window->pad[1] >= 0;
}

/* Everything but the constants. */
static struct depthwise describe(const struct plan *plan, const struct op *op, size_t channels) {
    const struct window *window = &op->window;
    struct depthwise depthwise = {.block = plan->runtime->block};
    for (size_t i = 0; i < 2; i++) {
        depthwise.kernel[i] = (size_t)window->kernel[i];
        depthwise.stride[i] = (size_t)window->stride[i];
        depthwise.dilation[i] = (size_t)window->dilation[i];
        depthwise.pad[i] = (size_t)window->pad[i];
        depthwise.in[i] = (size_t)plan->shapes[op->inputs[0]].dims[2 + i];
        depthwise.out[i] = (size_t)plan->shapes[op->output].dims[2 + i];
    }
    depthwise_complete(&depthwise, channels);
    return depthwise;
}

static enum status pack(struct runtime *runtime, const struct op *op, size_t channels,
                        struct depthwise *depthwise) {
    enum status status;
    bool fresh;
    float *packed;
    TRY(convolution_constants(runtime, op, depthwise_weight_count(depthwise), &fresh, &packed,
                              &depthwise->bias));
    if (fresh)
        depthwise_weights(depthwise, runtime->graph->tensors[op->inputs[1]].data, channels, packed);
    depthwise->weights = packed;
out:
    return status;
}

enum status convolution_depthwise(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct depthwise_args *args = NULL, what = {.residual = NO_BUFFER};
    if (!is_depthwise(plan, op))
        return STATUS_OK;
    size_t channels = (size_t)plan->shapes[op->output].dims[1];
    what.depthwise = describe(plan, op, channels);
    what.activation = (struct activation_params){op->activation, op->alpha, op->beta};
    if (activation_value(op->activation, 0.0f, op->alpha, op->beta) != 0.0f)
        what.used = channels % what.depthwise.block;
    TRY(pack(plan->runtime, op, channels, &what.depthwise));
    TRY(plan_read(plan, op->inputs[0], LAYOUT_BLOCKED, &what.src));
    if (op->n_inputs > 3 && op->inputs[3] >= 0)
        TRY(plan_read(plan, op->inputs[3], LAYOUT_BLOCKED, &what.residual));
    what.dst = plan_write(plan, op->output, LAYOUT_BLOCKED);
    TRY(memory_zeroed(1, sizeof *args, &args));
    *args = what;
    TRY(plan_shared_step(plan, "depthwise",
                         what.depthwise.blocks * depthwise_bands(&what.depthwise), run_band, args,
                         free));
    plan_use(plan, what.src);
    plan_use(plan, what.residual);
    plan_use(plan, what.dst);
    *done = true;
out:
    return status;
}
