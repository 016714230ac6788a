/* Operators that work element by element: in any layout, as long as all operands have the same. */
#include "cpu/layers/elements.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/layers/layers.h"
#include "model/activation.h"

/* Elements that one thread computes at a time: few enough to stay in its cache. */
enum { CHUNK = 8192 };

struct elements_args {
    struct activation_params activation;
    enum binary binary;
    size_t src, other, dst;        /* `other`: the residual, or NO_BUFFER; the second operand */
    bool src_single, other_single; /* the operand is one number */
    size_t n;
    size_t block, channels, cells; /* where channels is not 0, the last block's rest is cleared */
};

static size_t lesser(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Zeroes the padding of the last block where [at, at + n) has some of it. */
static void clear_padding(const struct elements_args *args, float *dst, size_t at, size_t n) {
    if (!args->channels)
        return;
    size_t last = args->channels / args->block * args->cells * args->block;
    size_t begin = at > last ? at : last;
    if (begin < at + n)
        channels_clear_padding(dst + begin, args->block, args->channels % args->block,
                               (at + n - begin) / args->block);
}

static void run_activation(const struct plan *plan, const void *step_args, size_t item,
                           size_t thread) {
    (void)thread;
    const struct elements_args *args = step_args;
    const struct kernels *kernels = plan->runtime->kernels;
    const float *src = buffer_floats(plan, args->src);
    const float *residual = args->other == NO_BUFFER ? NULL : buffer_floats(plan, args->other);
    float *dst = buffer_floats(plan, args->dst);
    size_t at = item * CHUNK, n = lesser(args->n - at, CHUNK);
    kernels->activate(&args->activation, src + at, residual ? residual + at : NULL, dst + at, n);
    clear_padding(args, dst, at, n);
}

static float binary_value(enum binary binary, float a, float b) {
    switch ((int)binary) {
    case BINARY_ADD:
        return a + b;
    case BINARY_SUB:
        return a - b;
    case BINARY_DIV:
        return a / b;
    default:
        return a * b;
    }
}

/* y = a (+, -, *, /) b over n elements; a step of 0 repeats a single number. */
static void binary_loop(enum binary binary, const float *a, size_t step_a, const float *b,
                        size_t step_b, float *y, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = binary_value(binary, a[i * step_a], b[i * step_b]);
}

static void run_binary(const struct plan *plan, const void *step_args, size_t item, size_t thread) {
    (void)thread;
    const struct elements_args *args = step_args;
    const float *a = buffer_floats(plan, args->src), *b = buffer_floats(plan, args->other);
    float *dst = buffer_floats(plan, args->dst);
    size_t step_a = args->src_single ? 0 : 1, step_b = args->other_single ? 0 : 1;
    size_t at = item * CHUNK, n = lesser(args->n - at, CHUNK);
    binary_loop(args->binary, a + at * step_a, step_a, b + at * step_b, step_b, dst + at, n);
    clear_padding(args, dst, at, n);
}

/* Says what of the last block must be cleared after a pass that turns 0 into something else. */
static void set_padding(const struct plan *plan, struct elements_args *args, int tensor,
                        enum layout layout) {
    size_t channels = layout == LAYOUT_BLOCKED ? (size_t)plan->shapes[tensor].dims[1] : 0;
    args->block = layout_block(plan, layout);
    if (channels % args->block) {
        args->channels = channels;
        args->cells = plan_cells(plan, tensor);
    }
}

static enum status append(struct plan *plan,
                          void (*run)(const struct plan *plan, const void *args, size_t item,
                                      size_t thread),
                          const struct elements_args *what) {
    enum status status;
    struct elements_args *args;
    TRY(memory_zeroed(1, sizeof *args, &args));
    *args = *what;
    args->n = plan->buffers[what->dst].bytes / sizeof(float);
    TRY(plan_shared_step(plan, "elements", (args->n + CHUNK - 1) / CHUNK, run, args, free));
    plan_use(plan, what->src);
    plan_use(plan, what->other);
    plan_use(plan, what->dst);
out:
    return status;
}

enum status elements_activate(struct plan *plan, const struct op *op,
                              const struct activation_params *params, size_t src, size_t residual,
                              size_t dst, enum layout layout) {
    struct elements_args args = {.activation = *params, .src = src, .other = residual, .dst = dst};
    if (activation_value(params->kind, 0.0f, params->alpha, params->beta) != 0.0f)
        set_padding(plan, &args, op->output, layout);
    return append(plan, run_activation, &args);
}

static void run_round(const struct plan *plan, const void *step_args, size_t item, size_t thread) {
    (void)thread;
    const struct elements_args *args = step_args;
    const float *src = buffer_floats(plan, args->src);
    float *dst = buffer_floats(plan, args->dst);
    size_t at = item * CHUNK, n = lesser(args->n - at, CHUNK);
    for (size_t i = at; i < at + n; i++)
        dst[i] = nearbyintf(src[i]);
}

/* Whether it is done in blocks, too. */
static bool is_quick(const struct op *op) {
    return op->unary == UNARY_ACTIVATION || op->unary == UNARY_ROUND;
}

static enum layout layout_unary(const struct plan *plan, const struct op *op) {
    return is_quick(op) ? plan->layouts[op->inputs[0]] : LAYOUT_PLAIN;
}

static enum status append_unary(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    enum layout layout = plan->layouts[op->output];
    struct activation_params activation = {op->activation, op->alpha, op->beta};
    size_t src;
    if (!is_quick(op) || plan->dtypes[op->inputs[0]] != DTYPE_F32)
        return STATUS_OK;
    TRY(plan_read(plan, op->inputs[0], layout, &src));
    size_t dst = plan_write(plan, op->output, layout);
    const struct elements_args rounding = {.src = src, .other = NO_BUFFER, .dst = dst};
    if (op->unary == UNARY_ROUND)
        TRY(append(plan, run_round, &rounding));
    else
        TRY(elements_activate(plan, op, &activation, src, NO_BUFFER, dst, layout));
    *done = true;
out:
    return status;
}

static bool is_single(const struct plan *plan, int tensor) {
    return shape_elements(&plan->shapes[tensor]) == 1;
}

/* Whether it can be done without planes. */
static bool is_blocked(const struct plan *plan, const struct op *op) {
    bool known = op->binary == BINARY_ADD || op->binary == BINARY_SUB || op->binary == BINARY_MUL ||
                 op->binary == BINARY_DIV;
    for (size_t i = 0; i < 2; i++) {
        int tensor = op->inputs[i];
        known = known && plan->dtypes[tensor] == DTYPE_F32 &&
                (is_single(plan, tensor) ||
                 shape_equal(&plan->shapes[tensor], &plan->shapes[op->output]));
    }
    return known;
}

static enum layout layout_binary(const struct plan *plan, const struct op *op) {
    return is_blocked(plan, op) && plan_any_blocked(plan, op) ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
}

static enum status append_binary(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    enum layout layout = plan->layouts[op->output];
    struct elements_args args = {.binary = op->binary};
    if (!is_blocked(plan, op))
        return STATUS_OK;
    args.src_single = is_single(plan, op->inputs[0]);
    args.other_single = is_single(plan, op->inputs[1]);
    TRY(plan_read(plan, op->inputs[0], args.src_single ? LAYOUT_PLAIN : layout, &args.src));
    TRY(plan_read(plan, op->inputs[1], args.other_single ? LAYOUT_PLAIN : layout, &args.other));
    args.dst = plan_write(plan, op->output, layout);
    set_padding(plan, &args, op->output, layout);
    TRY(append(plan, run_binary, &args));
    *done = true;
out:
    return status;
}

const struct layer layer_unary = {.layout = layout_unary, .append = append_unary};
const struct layer layer_binary = {.layout = layout_binary, .append = append_binary};
