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

/* Of one element, beside what depends on the window or on a matrix's inner dimension. */
static double element_steps(const struct op *op, const struct shape *out) {
    switch (op->kind) {
    case OP_UNARY:
        return 10.0;
    case OP_CONV:
    case OP_CONV_TRANSPOSE:
    case OP_BATCH_NORM:
        return 20.0; /* an activation, a square root */
    case OP_SOFTMAX:
        return 40.0; /* two exponentials */
    case OP_TILE:
        return 4.0 + 20.0 * (double)out->rank; /* divisions */
    case OP_BINARY:
        return op->binary == BINARY_MOD ? 400.0 : op->binary == BINARY_POW ? 100.0 : 5.0;
    case OP_WHERE:
    case OP_REDUCE:
    case OP_RESIZE:
        return 10.0;
    case OP_TRANSPOSE:
        return 5.0;
    case OP_SLICE:
    case OP_EXPAND:
    case OP_PAD:
    case OP_CAST:
        return 3.0;
    default:
        return 1.0;
    }
}

/* Pieces that an operator goes through one by one, each at a price of its own however short it is:
 * rows, a Concat's blocks, a Gather's picks, the taps over a row. */
static double pieces(const struct op *op, const struct shape *shapes, const struct shape *out) {
    const struct shape *x = &shapes[op->inputs[0]];
    double count = 1.0, row = 1.0;
    if (op->kind == OP_CONCAT) {
        for (size_t i = 0; i < (size_t)op->axis; i++)
            count *= (double)out->dims[i];
        return count * (double)op->n_inputs;
    }
    if (op->kind == OP_GATHER) {
        for (size_t i = (size_t)op->axis + 1; i < x->rank; i++)
            row *= (double)x->dims[i];
        return elements(out) / row;
    }
    if (op->kind == OP_CONV || op->kind == OP_CONV_TRANSPOSE) {
        const struct shape *weights = &shapes[op->inputs[1]];
        count = (double)weights->dims[2] * (double)weights->dims[3];
        count *= op->kind == OP_CONV ? (double)weights->dims[1]
                                     : (double)weights->dims[0] / (double)op->window.group;
    } else if (op->kind == OP_MATMUL) {
        count = (double)x->dims[x->rank - 1] / 4.0; /* cheaper than other rows */
        if (shapes[op->inputs[1]].rank == 1)
            return elements(out) * count;
    } else if (op->kind == OP_REDUCE || op->kind == OP_PAD) {
        return x->rank > 0 ? elements(x) / (double)x->dims[x->rank - 1] : 1.0;
    }
    row = out->rank > 0 ? (double)out->dims[out->rank - 1] : 1.0;
    return elements(out) / row * count;
}

uint64_t op_steps(const struct op *op, const struct shape *shapes, const struct shape *out) {
    enum { ALWAYS = 500, A_PIECE = 20 };
    double n = elements(out), steps = ALWAYS + n * element_steps(op, out);
    bool reads = op->n_inputs > 0 && op->inputs[0] >= 0;
    if (n > 0.0 && reads)
        steps += A_PIECE * pieces(op, shapes, out) + (double)op_work(op, shapes, out);
    if (op->kind == OP_REDUCE && reads)
        steps += 10.0 * elements(&shapes[op->inputs[0]]);
    return steps < 1e18 ? (uint64_t)steps : UINT64_MAX;
}

bool work_spend(uint64_t *left, uint64_t steps) {
    bool enough = steps <= *left;
    *left = enough ? *left - steps : 0;
    return enough;
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
