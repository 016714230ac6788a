/* Convolutions 1x1 by our own matrix product, the activation while a chunk is in the cache. */
#include "cpu/layers/convolution_pointwise.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/kernels/channels.h"
#include "cpu/kernels/pointwise.h"
#include "cpu/layers/convolution_case.h"
#include "model/activation.h"

struct pointwise_args {
    struct pointwise pointwise;
    struct activation_params activation;
    size_t src, dst, residual;
    size_t src_offset; /* in floats */
    size_t channels;   /* not 0: the last output block has to be cleared behind so many */
    size_t half;       /* sums to begin with, of maps of half the size, or NO_BUFFER */
    size_t width;
};

/* Fills cells of one block from the map that has half their height and width. */
static void upsample(size_t block, const float *half, size_t width, float *dst, size_t first,
                     size_t count) {
    for (size_t end = first + count, n; first < end; first += n) {
        size_t y = first / width, x = first % width;
        const float *row = half + y / 2 * (width / 2) * block;
        n = width - x < end - first ? width - x : end - first;
        for (size_t i = 0; i < n; i++, dst += block)
            memcpy(dst, row + (x + i) / 2 * block, block * sizeof *dst);
    }
}

/* The sums that the next product adds to. */
static void begin_sums(const struct plan *plan, const struct pointwise_args *args, float *dst,
                       size_t pair, size_t first, size_t count) {
    size_t cells = args->pointwise.cells, blocks = args->pointwise.out_blocks;
    size_t block = args->pointwise.block;
    for (size_t b = pair; args->half != NO_BUFFER && b < pair + 2 && b < blocks; b++)
        upsample(block, buffer_floats(plan, args->half) + b * (cells / 4) * block, args->width,
                 dst + (b * cells + first) * block, first, count);
}

static void run_chunk(const struct plan *plan, const void *step_args, size_t item, size_t thread) {
    (void)thread;
    const struct pointwise_args *args = step_args;
    const struct pointwise *pointwise = &args->pointwise;
    const struct kernels *kernels = plan->runtime->kernels;
    size_t first = item * pointwise->chunk, left = pointwise->cells - first;
    size_t block = pointwise->block;
    size_t count = left < pointwise->chunk ? left : pointwise->chunk;
    const float *src = buffer_floats(plan, args->src) + args->src_offset;
    const float *residual =
        args->residual == NO_BUFFER ? NULL : buffer_floats(plan, args->residual);
    float *dst = buffer_floats(plan, args->dst);
    bool linear = args->activation.kind == ACTIVATION_NONE && !residual;
    for (size_t pair = 0; pair < pointwise->out_blocks; pair += 2) {
        begin_sums(plan, args, dst, pair, first, count);
        plan->runtime->convolutions->pointwise_cells(pointwise, src, dst, pair, first, count);
        for (size_t b = pair; !linear && b < pair + 2 && b < pointwise->out_blocks; b++) {
            size_t at = (b * pointwise->cells + first) * block;
            kernels->activate(&args->activation, dst + at, residual ? residual + at : NULL,
                              dst + at, count * block);
        }
    }
    if (args->channels)
        channels_clear_padding(dst +
                                   ((pointwise->out_blocks - 1) * pointwise->cells + first) * block,
                               block, args->channels % block, count);
}

/* Less would be mostly padding of blocks. */
enum { LEAST_CHANNELS = 8 };

bool convolution_is_pointwise(const struct plan *plan, const struct op *op) {
    const struct window *window = &op->window;
    if (!convolution_is_ours(plan, op))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (window->kernel[i] != 1 || window->stride[i] != 1 || window->pad[i] != 0 ||
            window->pad[2 + i] != 0)
            return false;
    return plan->shapes[op->inputs[0]].dims[1] >= LEAST_CHANNELS &&
           plan->shapes[op->output].dims[1] >= LEAST_CHANNELS;
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

static enum status append(struct plan *plan, const struct pointwise_args *what) {
    enum status status;
    struct pointwise_args *args;
    const struct pointwise *pointwise = &what->pointwise;
    size_t inputs = pointwise->end_in - pointwise->first_in, block = pointwise->block;
    TRY(memory_zeroed(1, sizeof *args, &args));
    *args = *what;
    size_t items = (pointwise->cells + pointwise->chunk - 1) / pointwise->chunk;
    TRY(plan_shared_step(plan, "pointwise", items, run_chunk, args, free));
    struct step *step = &plan->steps[plan->n_steps - 1];
    if (inputs < pointwise->in_blocks)
        step->flop =
            2.0 * (double)(inputs * block * pointwise->out_blocks * block * pointwise->cells);
    plan_use(plan, what->src);
    plan_use(plan, what->half);
    plan_use(plan, what->residual);
    plan_use(plan, what->dst);
out:
    return status;
}

/* The product over the channels that are upsampled, before they are, and the rest left in *what. */
static enum status append_half(struct plan *plan, struct pointwise_args *what,
                               const struct upsampled *upsampled) {
    enum status status;
    struct pointwise *rest = &what->pointwise;
    size_t block = rest->block, cells = rest->cells / 4, first = upsampled->first / block;
    size_t end = (upsampled->first + upsampled->count + block - 1) / block;
    struct pointwise_args half = {.half = NO_BUFFER, .residual = NO_BUFFER};
    half.pointwise = pointwise_of(block, cells, rest->in_blocks * block, rest->out_blocks * block,
                                  plan->runtime->threads);
    half.pointwise.first_in = first;
    half.pointwise.end_in = end;
    half.pointwise.weights = rest->weights;
    half.pointwise.bias = rest->bias;
    TRY(plan_read(plan, upsampled->resize->inputs[0], LAYOUT_BLOCKED, &half.src));
    TRY(plan_scratch(plan, rest->out_blocks * block * cells * sizeof(float), &half.dst));
    TRY(append(plan, &half));
    what->half = half.dst;
    rest->bias = NULL;
    /* They are the first or the last ones. */
    if (first == 0)
        rest->first_in = end;
    else
        rest->end_in = first;
out:
    return status;
}

enum status convolution_pointwise(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct pointwise_args what = {.half = NO_BUFFER, .residual = NO_BUFFER};
    const struct upsampled *upsampled = &plan->upsampled[op->output];
    if (!convolution_is_pointwise(plan, op))
        return STATUS_OK;
    size_t in_channels = (size_t)plan->shapes[op->inputs[0]].dims[1];
    size_t out_channels = (size_t)plan->shapes[op->output].dims[1];
    what.pointwise = pointwise_of(plan->runtime->block, plan_cells(plan, op->output), in_channels,
                                  out_channels, plan->runtime->threads);
    what.activation = (struct activation_params){op->activation, op->alpha, op->beta};
    what.width = (size_t)plan->shapes[op->output].dims[3];
    if (out_channels % what.pointwise.block &&
        activation_value(op->activation, 0.0f, op->alpha, op->beta) != 0.0f)
        what.channels = out_channels;
    TRY(pack(plan->runtime, op, in_channels, out_channels, &what.pointwise));
    TRY(plan_read(plan, op->inputs[0], LAYOUT_BLOCKED, &what.src));
    if (op->n_inputs > 3 && op->inputs[3] >= 0)
        TRY(plan_read(plan, op->inputs[3], LAYOUT_BLOCKED, &what.residual));
    if (upsampled->resize)
        TRY(append_half(plan, &what, upsampled));
    what.src_offset = what.pointwise.first_in * what.pointwise.cells * what.pointwise.block;
    what.dst = plan_write(plan, op->output, LAYOUT_BLOCKED);
    TRY(append(plan, &what));
    *done = true;
out:
    return status;
}
