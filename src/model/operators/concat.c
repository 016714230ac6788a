/* Concat. */
#include <inttypes.h>
#include <string.h>

#include "model/operators/operator.h"

static enum status shape_concat(const struct op *op, const struct shape_inputs *inputs,
                                struct shape *out) {
    const struct shape *const *in = inputs->in;
    enum status status;
    TRY(op_check_axis(op, in[0]));
    *out = *in[0];
    for (size_t i = 1; i < op->n_inputs; i++) {
        struct shape expected = *out;
        if (in[i]->rank == out->rank)
            expected.dims[op->axis] = in[i]->dims[op->axis];
        if (!shape_equal(in[i], &expected) ||
            __builtin_add_overflow(out->dims[op->axis], in[i]->dims[op->axis],
                                   &out->dims[op->axis])) {
            char first[SHAPE_TEXT], other[SHAPE_TEXT];
            status = OP_FAIL(op, "shapes %s and %s do not join along axis %" PRId64,
                             shape_text(in[0], first), shape_text(in[i], other), op->axis);
            goto out;
        }
    }
out:
    return status;
}

static enum status evaluate_concat(const struct op *op, const struct value *in, struct value *out) {
    size_t axis = (size_t)op->axis, size = dtype_size(out->dtype);
    char *to = out->data;
    int64_t outer = dims_product(&out->shape, 0, axis);
    for (int64_t block = 0; block < outer; block++)
        for (size_t i = 0; i < op->n_inputs; i++) {
            size_t bytes = (size_t)dims_product(&in[i].shape, axis, in[i].shape.rank) * size;
            memcpy(to, (const char *)in[i].data + (size_t)block * bytes, bytes);
            to += bytes;
        }
    return STATUS_OK;
}

static enum status dtype_concat(const struct op *op, const struct value *in, enum dtype *out) {
    *out = in[0].dtype;
    for (size_t i = 1; i < op->n_inputs; i++)
        if (in[i].dtype != in[0].dtype)
            return OP_FAIL(op, "its inputs differ in type");
    return STATUS_OK;
}

static void cost_concat(const struct op *op, const struct shape *const *in, const struct shape *out,
                        struct op_cost *cost) {
    (void)in;
    double blocks = 1.0;
    for (size_t i = 0; i < (size_t)op->axis; i++)
        blocks *= (double)out->dims[i];
    cost->pieces = blocks * (double)op->n_inputs;
}

const struct operator operator_concat = {
    .name = "Concat",
    .least = 1,
    .most = GRAPH_INPUTS,
    .moves = true,
    .dtype = dtype_concat,
    .shape = shape_concat,
    .evaluate = evaluate_concat,
    .element_steps = 1.0,
    .cost = cost_concat,
};
