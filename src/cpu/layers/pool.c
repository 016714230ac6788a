/* Pools. Our own are max pools of stride 1 that keep the map's size, as SPPF has them: first along
 * rows, then along columns. In either layout: a row is its cells' blocks side by side. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/layers/layers.h"
#include "cpu/layers/onednn.h"

struct max_pool_args {
    size_t src, dst, scratch;
    size_t groups, height, row; /* groups of channels, rows of so many floats */
    size_t block;
    size_t before[2], after[2]; /* cells that a window has around its own, height first */
};

/* to = max(to, from) over n floats. */
static void take_larger(float *to, const float *from, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        to[i] = from[i] > to[i] ? from[i] : to[i];
}

/* Of a row with itself, moved by the cells of a window. */
static void pool_row(const struct max_pool_args *args, const float *from, float *to) {
    size_t n = args->row, block = args->block;
    memcpy(to, from, n * sizeof *to);
    for (size_t d = 1; d <= args->before[1] && d * block < n; d++)
        take_larger(to + d * block, from, n - d * block);
    for (size_t d = 1; d <= args->after[1] && d * block < n; d++)
        take_larger(to, from + d * block, n - d * block);
}

static void pool_column(const struct max_pool_args *args, const float *from, size_t y, float *to) {
    size_t first = y > args->before[0] ? y - args->before[0] : 0;
    memcpy(to, from + first * args->row, args->row * sizeof *to);
    for (size_t i = first + 1; i <= y + args->after[0] && i < args->height; i++)
        take_larger(to, from + i * args->row, args->row);
}

static void run_max_pool(const struct plan *plan, const void *step_args, size_t group,
                         size_t thread) {
    (void)thread;
    const struct max_pool_args *args = step_args;
    size_t map = args->height * args->row;
    const float *src = buffer_floats(plan, args->src);
    float *dst = buffer_floats(plan, args->dst);
    float *rows = buffer_floats(plan, args->scratch) + group * map;
    for (size_t y = 0; y < args->height; y++)
        pool_row(args, src + group * map + y * args->row, rows + y * args->row);
    for (size_t y = 0; y < args->height; y++)
        pool_column(args, rows, y, dst + group * map + y * args->row);
}

static enum status append_same_size(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct max_pool_args *args, what = {0};
    const struct window *window = &op->window;
    int x = op->inputs[0];
    if (!plan_is_map(plan, x) || !shape_equal(&plan->shapes[x], &plan->shapes[op->output]) ||
        shape_elements(&plan->shapes[x]) < 1)
        return STATUS_OK;
    for (size_t i = 0; i < 2; i++) {
        if (window->stride[i] != 1 || window->dilation[i] != 1 ||
            window->pad[i] + window->pad[2 + i] != window->kernel[i] - 1)
            return STATUS_OK;
        what.before[i] = (size_t)window->pad[i];
        what.after[i] = (size_t)window->pad[2 + i];
    }
    const int64_t *dims = plan->shapes[x].dims;
    enum layout layout = plan->layouts[op->output];
    what.block = layout_block(plan, layout);
    what.groups = ((size_t)dims[1] + what.block - 1) / what.block;
    what.height = (size_t)dims[2];
    what.row = (size_t)dims[3] * what.block;
    TRY(plan_read(plan, x, layout, &what.src));
    TRY(plan_scratch(plan, what.groups * what.height * what.row * sizeof(float), &what.scratch));
    what.dst = plan_write(plan, op->output, layout);
    TRY(memory_zeroed(1, sizeof *args, &args));
    *args = what;
    TRY(plan_shared_step(plan, "max pool", what.groups, run_max_pool, args, free));
    plan_use(plan, what.src);
    plan_use(plan, what.scratch);
    plan_use(plan, what.dst);
    *done = true;
out:
    return status;
}

static enum layout layout_pool(const struct plan *plan, const struct op *op) {
    return plan->layouts[op->inputs[0]];
}

static enum status append_max_pool(struct plan *plan, const struct op *op, bool *done) {
    enum status status;
    TRY(append_same_size(plan, op, done));
    if (!*done)
        TRY(onednn_pool(plan, op, done));
out:
    return status;
}

const struct layer layer_max_pool = {.layout = layout_pool, .append = append_max_pool};
const struct layer layer_average_pool = {.layout = layout_pool, .append = onednn_pool};
