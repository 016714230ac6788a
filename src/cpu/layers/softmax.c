/* Softmax along the last axis, as attention uses it, on planes. */
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/layers/layers.h"

/* Rows that a thread takes at a time. */
enum { ITEM_ROWS = 16 };

struct softmax_args {
    size_t src, dst, rows, columns;
};

static void run_softmax(const struct plan *plan, const void *step_args, size_t item,
                        size_t thread) {
    (void)thread;
    const struct softmax_args *args = step_args;
    const float *src = buffer_floats(plan, args->src);
    float *dst = buffer_floats(plan, args->dst);
    for (size_t row = item * ITEM_ROWS; row < args->rows && row < (item + 1) * ITEM_ROWS; row++)
        plan->runtime->kernels->softmax(src + row * args->columns, dst + row * args->columns,
                                        args->columns);
}

static enum status append_softmax(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    const struct shape *shape = &plan->shapes[op->output];
    struct softmax_args *args;
    size_t src;
    if (op->axis != (int64_t)shape->rank - 1 || shape_elements(shape) < 1)
        return STATUS_OK;
    TRY(plan_read(plan, op->inputs[0], LAYOUT_PLAIN, &src));
    TRY(memory_zeroed(1, sizeof *args, &args));
    args->src = src;
    args->dst = plan_write(plan, op->output, LAYOUT_PLAIN);
    args->columns = (size_t)shape->dims[op->axis];
    args->rows = (size_t)shape_elements(shape) / args->columns;
    TRY(plan_shared_step(plan, "softmax", (args->rows + ITEM_ROWS - 1) / ITEM_ROWS, run_softmax,
                         args, free));
    plan_use(plan, args->src);
    plan_use(plan, args->dst);
    *done = true;
out:
    return status;
}

const struct layer layer_softmax = {.append = append_softmax};
