/* Transpose. */
#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status shape_transpose(const struct op *op, const struct shape_inputs *inputs,
                                   struct shape *out) {
    const struct shape *x = inputs->in[0];
    bool taken[GRAPH_RANK] = {false};
    out->rank = x->rank;
    for (size_t i = 0; i < x->rank; i++) {
        size_t from = op->permutation[i];
        if (from >= x->rank || taken[from])
            return OP_FAIL(op, "no permutation of the axes of a tensor of rank %zu", x->rank);
        taken[from] = true;
        out->dims[i] = x->dims[from];
    }
    return STATUS_OK;
}

static enum status evaluate_transpose(const struct op *op, const struct value *in,
                                      struct value *out) {
    const struct value *x = &in[0];
    struct walk walk;
    int64_t strides[GRAPH_RANK];
    shape_strides(&x->shape, strides);
    walk_start(&walk, &out->shape);
    for (size_t i = 0; i < x->shape.rank; i++)
        walk.stride[0][i] = strides[op->permutation[i]];
    walk_copy(&walk, dtype_size(x->dtype), x->data, out->data);
    return STATUS_OK;
}

const struct operator operator_transpose = {
    .name = "Transpose",
    .least = 1,
    .most = 1,
    .moves = true,
    .shape = shape_transpose,
    .evaluate = evaluate_transpose,
    .element_steps = 5.0,
};
