#include "model/work.h"

static double elements(const struct shape *shape) {
    double product = 1.0;
    for (size_t i = 0; i < shape->rank; i++)
        product *= (double)shape->dims[i];
    return product;
}

bool op_multiplies(const struct op *op) {
    return op->kind == OP_CONV || op->kind == OP_CONV_TRANSPOSE || op->kind == OP_MATMUL;
}

uint64_t op_work(const struct op *op, const struct shape *shapes, const struct shape *out) {
    double work = elements(out);
    if (op->kind == OP_CONV || op->kind == OP_CONV_TRANSPOSE) {
        /* Each output of a convolution, each input of a transposed one, meets the weights of one
         * output or input channel. */
        const struct shape *weights = &shapes[op->inputs[1]];
        if (op->kind == OP_CONV_TRANSPOSE)
            work = elements(&shapes[op->inputs[0]]);
        work *= weights->dims[0] > 0 ? elements(weights) / (double)weights->dims[0] : 0.0;
    } else if (op->kind == OP_MATMUL) {
        const struct shape *a = &shapes[op->inputs[0]];
        work *= (double)a->dims[a->rank - 1];
    } else if (op->kind == OP_MAX_POOL || op->kind == OP_AVERAGE_POOL) {
        work *= (double)op->window.kernel[0] * (double)op->window.kernel[1];
    } else if (op->kind == OP_REDUCE) {
        work = elements(&shapes[op->inputs[0]]);
    }
    return work < 1e18 ? (uint64_t)work : UINT64_MAX;
}

uint64_t op_parameters(const struct graph *graph, const struct op *op) {
    uint64_t count = 0;
    if (!op_multiplies(op) && op->kind != OP_BATCH_NORM)
        return 0;
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0 && graph->tensors[op->inputs[i]].constant)
            count += (uint64_t)shape_elements(&graph->tensors[op->inputs[i]].shape);
    return count;
}
