/* Cast. */
#include "model/operators/operator.h"

static enum status dtype_cast(const struct op *op, const struct value *in, enum dtype *out) {
    (void)in;
    *out = op->cast_to;
    return STATUS_OK;
}

static enum status evaluate_cast(const struct op *op, const struct value *in, struct value *out) {
    (void)op;
    const struct value *x = &in[0];
    int64_t elements = shape_elements(&out->shape);
    for (int64_t i = 0; i < elements; i++) {
        float real = 0.0f;
        int64_t whole;
        if (x->dtype == DTYPE_F32) {
            real = ((const float *)x->data)[i];
            whole = out->dtype == DTYPE_BOOL ? real != 0.0f : float_to_i64(real);
        } else {
            whole = x->dtype == DTYPE_I64 ? ((const int64_t *)x->data)[i]
                                          : ((const unsigned char *)x->data)[i] != 0;
            real = (float)whole;
        }
        if (out->dtype == DTYPE_F32)
            ((float *)out->data)[i] = real;
        else if (out->dtype == DTYPE_I64)
            ((int64_t *)out->data)[i] = whole;
        else
            ((unsigned char *)out->data)[i] = whole != 0;
    }
    return STATUS_OK;
}

const struct operator operator_cast = {
    .name = "Cast",
    .least = 1,
    .most = 1,
    .of_shapes = true,
    .dtype = dtype_cast,
    .evaluate = evaluate_cast,
    .element_steps = 3.0,
};
