/* Operators by op_evaluate, on one thread. */
#include "cpu/layers/generic.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"

struct generic_args {
    const struct op *op;
};

static struct value value_of(const struct plan *plan, int tensor) {
    return (struct value){plan->dtypes[tensor], plan->shapes[tensor],
                          plan->buffers[buffer_of(tensor, LAYOUT_PLAIN)].data};
}

static enum status run_generic(const struct plan *plan, const void *step_args) {
    const struct op *op = ((const struct generic_args *)step_args)->op;
    struct value inputs[GRAPH_INPUTS] = {0};
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0)
            inputs[i] = value_of(plan, op->inputs[i]);
    struct value out = value_of(plan, op->output);
    return op_evaluate(op, inputs, &out);
}

static enum status append_generic(struct plan *plan, const struct op *op, bool *done) {
    enum status status;
    struct generic_args *args;
    size_t buffer;
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0)
            TRY(plan_read(plan, op->inputs[i], LAYOUT_PLAIN, &buffer));
    TRY(memory_zeroed(1, sizeof *args, &args));
    args->op = op;
    TRY(plan_step(plan, "generic", run_generic, args, free));
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0)
            plan_use(plan, buffer_of(op->inputs[i], LAYOUT_PLAIN));
    plan_use(plan, plan_write(plan, op->output, LAYOUT_PLAIN));
    /* Others may have been promised a view of the blocks. */
    if (plan->layouts[op->output] == LAYOUT_BLOCKED)
        TRY(plan_convert(plan, op->output, LAYOUT_BLOCKED));
    *done = true;
out:
    return status;
}

const struct layer layer_generic = {.append = append_generic};
