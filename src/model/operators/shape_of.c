/* Shape: the dimensions of a tensor. */
#include <string.h>

#include "model/operators/operator.h"

static enum status dtype_shape_of(const struct op *op, const struct value *in, enum dtype *out) {
    (void)op;
    (void)in;
    *out = DTYPE_I64;
    return STATUS_OK;
}

static enum status shape_shape_of(const struct op *op, const struct shape_inputs *inputs,
                                  struct shape *out) {
    (void)op;
    *out = (struct shape){.rank = 1, .dims = {(int64_t)inputs->in[0]->rank}};
    return STATUS_OK;
}

static enum status evaluate_shape_of(const struct op *op, const struct value *in,
                                     struct value *out) {
    (void)op;
    memcpy(out->data, in[0].shape.dims, in[0].shape.rank * sizeof(int64_t));
    return STATUS_OK;
}

const struct operator_row operator_shape_of = {
    .name = "Shape",
    .least = 1,
    .most = 1,
    .of_shapes = true,
    .dtype = dtype_shape_of,
    .shape = shape_shape_of,
    .evaluate = evaluate_shape_of,
    .element_steps = 1.0,
};
