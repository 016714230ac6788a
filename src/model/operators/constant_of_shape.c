/* ConstantOfShape. */
#include "model/operators/operator.h"

static enum status dtype_constant_of_shape(const struct op *op, const struct value *in,
                                           enum dtype *out) {
    *out = op->cast_to;
    return in[0].dtype == DTYPE_I64 ? STATUS_OK : OP_FAIL(op, "input 0 is not int64");
}

static enum status shape_constant_of_shape(const struct op *op, const struct shape_inputs *inputs,
                                           struct shape *out) {
    return op_shape_from_list(op, inputs, 0, NULL, out);
}

static enum status evaluate_constant_of_shape(const struct op *op, const struct value *in,
                                              struct value *out) {
    (void)in;
    value_fill(out, op->pad_value);
    return STATUS_OK;
}

const struct operator_row operator_constant_of_shape = {
    .name = "ConstantOfShape",
    .least = 1,
    .most = 1,
    .of_shapes = true,
    .dtype = dtype_constant_of_shape,
    .shape = shape_constant_of_shape,
    .evaluate = evaluate_constant_of_shape,
    .element_steps = 1.0,
};
