/* Convolutions of few input channels by their definition (direct.h). */
#include "cpu/layers/convolution_direct.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/kernels/channels.h"
#include "cpu/kernels/direct.h"
#include "cpu/layers/convolution_case.h"
#include "model/activation.h"

struct direct_args {
    struct direct direct;
    struct activation_params activation;
    size_t src, dst, residual, scratch;
    size_t used; /* not 0: channels of the last output block; the others have to be cleared */
    uint32_t offsets[]; /* direct's */
};

/* What follows the convolution, while the band is in the cache. */
static void finish_band(const struct plan *plan, const struct direct_args *args, size_t block,
                        size_t band) {
    const struct direct *direct = &args->direct;
    size_t row = band * DIRECT_ROWS, left = direct->out[0] - row;
    size_t cells = (left < DIRECT_ROWS ? left : DIRECT_ROWS) * direct->out[1];
    size_t at = (block * direct->out[0] + row) * direct->out[1] * direct->block;
    const float *residual =
        args->residual == NO_BUFFER ? NULL : buffer_floats(plan, args->residual) + at;
    float *dst = buffer_floats(plan, args->dst) + at;
    if (args->activation.kind != ACTIVATION_NONE || residual)
        plan->runtime->kernels->activate(&args->activation, dst, residual, dst,
                                         cells * direct->block);
    if (args->used && block + 1 == direct->out_blocks)
        channels_clear_padding(dst, direct->block, args->used, cells);
}

static void run_band(const struct plan *plan, const void *step_args, size_t band, size_t thread) {
    const struct direct_args *args = step_args;
    const struct direct *direct = &args->direct;
    float *patch = buffer_floats(plan, args->scratch) + thread * direct_patch_count(direct);
    direct_copy(direct, buffer_floats(plan, args->src), plan->levels, band, patch);
    for (size_t pair = 0; pair < direct->out_blocks; pair += 2) {
        plan->runtime->convolutions->direct_band(direct, patch, buffer_floats(plan, args->dst),
                                                 pair, band);
        for (size_t b = pair; b < pair + 2 && b < direct->out_blocks; b++)
            finish_band(plan, args, b, band);
    }
}

/* More input channels are left to oneDNN. */
enum { MOST_CHANNELS = 32 };

/* A picture's convolution, whatever it is, and 3x3 with too few channels for minimal filtering. */
static bool is_direct(const struct plan *plan, const struct op *op) {
    const struct window *window = &op->window;
    if (!convolution_is_ours(plan, op) || window->pad[0] < 0 || window->pad[1] < 0)
        return false;
    return convolution_reads_planes(plan, op) ||
           (window->kernel[0] == 3 && window->kernel[1] == 3 &&
            plan->shapes[op->inputs[0]].dims[1] <= MOST_CHANNELS);
}

/* Everything but the constants. */
static struct direct describe(const struct plan *plan, const struct op *op, size_t in_channels,
                              size_t out_channels) {
    const struct window *window = &op->window;
    struct direct direct = {
        .block = plan->runtime->block,
        .in_block = convolution_reads_planes(plan, op) ? 1 : plan->runtime->block,
    };
    for (size_t i = 0; i < 2; i++) {
        direct.kernel[i] = (size_t)window->kernel[i];
        direct.stride[i] = (size_t)window->stride[i];
        direct.dilation[i] = (size_t)window->dilation[i];
        direct.pad[i] = (size_t)window->pad[i];
        direct.in[i] = (size_t)plan->shapes[op->inputs[0]].dims[2 + i];
        direct.out[i] = (size_t)plan->shapes[op->output].dims[2 + i];
    }
    direct_complete(&direct, in_channels, out_channels);
    return direct;
}

static enum status pack(struct runtime *runtime, const struct op *op, size_t in_channels,
                        size_t out_channels, struct direct *direct) {
    enum status status;
    bool fresh;
    float *packed;
    TRY(convolution_constants(runtime, op, direct_weight_count(direct), &fresh, &packed,
                              &direct->bias));
    if (fresh)
        direct_weights(direct, runtime->graph->tensors[op->inputs[1]].data, in_channels,
                       out_channels, packed);
    direct->weights = packed;
out:
    return status;
}

enum status convolution_direct(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct direct_args *args = NULL, what = {.residual = NO_BUFFER};
    if (!is_direct(plan, op))
        return STATUS_OK;
    size_t in_channels = (size_t)plan->shapes[op->inputs[0]].dims[1];
    size_t out_channels = (size_t)plan->shapes[op->output].dims[1];
    what.direct = describe(plan, op, in_channels, out_channels);
    if (direct_patch_count(&what.direct) > UINT32_MAX)
        return STATUS_OK;
    what.activation = (struct activation_params){op->activation, op->alpha, op->beta};
    if (activation_value(op->activation, 0.0f, op->alpha, op->beta) != 0.0f)
        what.used = out_channels % what.direct.block;
    TRY(pack(plan->runtime, op, in_channels, out_channels, &what.direct));
    TRY(plan_read(plan, op->inputs[0], what.direct.in_block == 1 ? LAYOUT_PLAIN : LAYOUT_BLOCKED,
                  &what.src));
    if (op->n_inputs > 3 && op->inputs[3] >= 0)
        TRY(plan_read(plan, op->inputs[3], LAYOUT_BLOCKED, &what.residual));
    TRY(plan_scratch(plan,
                     plan->runtime->threads * direct_patch_count(&what.direct) * sizeof(float),
                     &what.scratch));
    what.dst = plan_write(plan, op->output, LAYOUT_BLOCKED);
    plan->reads_levels |= plan_only_use(plan->runtime->graph, plan->runtime->graph->input) == op;
    TRY(memory_zeroed(1, sizeof *args + direct_terms(&what.direct) * sizeof *args->offsets, &args));
    *args = what;
    direct_offsets(&what.direct, args->offsets);
    args->direct.offsets = args->offsets;
    TRY(plan_shared_step(plan, "direct", direct_bands(&what.direct), run_band, args, free));
    plan_use(plan, what.src);
    plan_use(plan, what.residual);
    plan_use(plan, what.scratch);
    plan_use(plan, what.dst);
    *done = true;
out:
    return status;
}
