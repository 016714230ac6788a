/* Gather. */
#include <inttypes.h>
#include <string.h>

#include "model/operators/operator.h"

static enum status shape_gather(const struct op *op, const struct shape_inputs *inputs,
                                struct shape *out) {
    enum status status;
    const struct shape *x = inputs->in[0], *indices = inputs->in[1];
    TRY(op_check_axis(op, x));
    if (x->rank - 1 + indices->rank > GRAPH_RANK) {
        status = OP_FAIL(op, "its result would have more than %d dimensions", GRAPH_RANK);
        goto out;
    }
    out->rank = 0;
    for (size_t i = 0; i < x->rank; i++) {
        if ((int64_t)i != op->axis)
            out->dims[out->rank++] = x->dims[i];
        else
            for (size_t k = 0; k < indices->rank; k++)
                out->dims[out->rank++] = indices->dims[k];
    }
out:
    return status;
}

static enum status evaluate_gather(const struct op *op, const struct value *in, struct value *out) {
    const struct shape *x = &in[0].shape;
    size_t axis = (size_t)op->axis;
    int64_t dim = x->dims[axis], count = shape_elements(&in[1].shape);
    size_t bytes = (size_t)dims_product(x, axis + 1, x->rank) * dtype_size(in[0].dtype);
    const int64_t *indices = in[1].data;
    char *to = out->data;
    int64_t outer = dims_product(x, 0, axis);
    for (int64_t block = 0; block < outer; block++)
        for (int64_t i = 0; i < count; i++) {
            int64_t index = indices[i] < 0 ? indices[i] + dim : indices[i];
            if (index < 0 || index >= dim)
                return OP_FAIL(op, "index %" PRId64 " of a dimension of %" PRId64, indices[i], dim);
            memcpy(to, (const char *)in[0].data + (size_t)(block * dim + index) * bytes, bytes);
            to += bytes;
        }
    return STATUS_OK;
}

static void cost_gather(const struct op *op, const struct shape *const *in, const struct shape *out,
                        struct op_cost *cost) {
    const struct shape *x = in[0];
    double row = 1.0;
    for (size_t i = (size_t)op->axis + 1; i < x->rank; i++)
        row *= (double)x->dims[i];
    cost->pieces = shape_cost(out) / row;
}

const struct operator_row operator_gather = {
    .name = "Gather",
    .moves = true, /* where the indices are constant */
    .least = 2,
    .most = 2,
    .dtype = op_dtype_indexed,
    .shape = shape_gather,
    .evaluate = evaluate_gather,
    .element_steps = 1.0,
    .cost = cost_gather,
};
