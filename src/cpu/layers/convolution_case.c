/* What kernels ask of a convolution, and the constants that they share. */
#include "cpu/layers/convolution_case.h"

/* The most input channels of a convolution that reads planes: the picture's. */
enum { PLANAR_CHANNELS = 3 };

static bool is_constant_float(const struct plan *plan, int tensor) {
    return plan->runtime->graph->tensors[tensor].constant && plan->dtypes[tensor] == DTYPE_F32;
}

bool convolution_is_plain(const struct plan *plan, const struct op *op) {
    return plan_is_map(plan, op->inputs[0]) && plan_is_map(plan, op->output) &&
           shape_elements(&plan->shapes[op->inputs[0]]) > 0 &&
           shape_elements(&plan->shapes[op->output]) > 0 &&
           is_constant_float(plan, op->inputs[1]) &&
           (op->n_inputs < 3 || op->inputs[2] < 0 || is_constant_float(plan, op->inputs[2]));
}

bool convolution_is_blocked(const struct plan *plan, const struct op *op) {
    if (!convolution_is_plain(plan, op))
        return false;
    size_t in = (size_t)plan->shapes[op->inputs[0]].dims[1];
    size_t out = (size_t)plan->shapes[op->output].dims[1];
    size_t group = (size_t)op->window.group, block = plan->runtime->block;
    if (group == 1)
        return true;
    /* Blocks must not mix groups, but for one channel a group, where channels do not mix at all. */
    return op->kind == OP_CONV &&
           ((group == in && group == out) || (in / group % block == 0 && out / group % block == 0));
}

bool convolution_reads_planes(const struct plan *plan, const struct op *op) {
    int x = op->inputs[0];
    return plan->layouts[x] == LAYOUT_PLAIN && plan->shapes[x].dims[1] <= PLANAR_CHANNELS &&
           op->window.group == 1;
}

bool convolution_is_ours(const struct plan *plan, const struct op *op) {
    const struct runtime *runtime = plan->runtime;
    return runtime->convolutions && op->window.group == 1 &&
           plan->layouts[op->output] == LAYOUT_BLOCKED;
}

enum status convolution_constants(struct runtime *runtime, const struct op *op, size_t n,
                                  bool *fresh, float **weights, const float **bias) {
    enum status status;
    const struct tensor *tensors = runtime->graph->tensors;
    size_t outputs = (size_t)tensors[op->inputs[1]].shape.dims[0];
    size_t padded = (outputs + runtime->block - 1) / runtime->block * runtime->block;
    TRY(runtime_packed(runtime, op, n + padded, fresh, weights));
    const float *given =
        op->n_inputs > 2 && op->inputs[2] >= 0 ? tensors[op->inputs[2]].data : NULL;
    for (size_t o = 0; *fresh && given && o < outputs; o++)
        (*weights)[n + o] = given[o];
    *bias = *weights + n;
out:
    return status;
}
