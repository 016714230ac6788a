/* Refuses weights that are not finite. */
#include <math.h>

#include "model/operators/cost.h"
#include "model/operators/operator.h"

static bool is_finite(const struct tensor *tensor) {
    if (!tensor->constant || tensor->dtype != DTYPE_F32)
        return true;
    const float *values = tensor->data;
    int64_t n = shape_elements(&tensor->shape), bad = 0;
    for (int64_t i = 0; i < n; i++)
        bad += !isfinite(values[i]);
    return bad == 0;
}

enum status graph_check_weights(const struct graph *graph) {
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct op *op = &graph->ops[i];
        bool weighs = op_multiplies(op) || op->kind == OP_BATCH_NORM;
        for (size_t k = 0; weighs && k < op->n_inputs; k++)
            if (op_has_input(op, k) && !is_finite(&graph->tensors[op->inputs[k]]))
                return OP_FAIL(op, "its weights are not finite (NaN or infinity): the file is "
                                   "damaged or the training diverged: give another checkpoint");
    }
    return STATUS_OK;
}
