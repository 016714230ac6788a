/* Operators on one element: activations and the like. */
#include <math.h>

#include "model/activation.h"
#include "model/operators/operator.h"

static enum status dtype_unary(const struct op *op, const struct value *in, enum dtype *out) {
    enum dtype x = in[0].dtype;
    *out = in[0].dtype;
    switch (op->unary) {
    case UNARY_NOT:
        return x == DTYPE_BOOL ? STATUS_OK : OP_FAIL(op, "its input is not boolean");
    case UNARY_NEG:
    case UNARY_ABS:
        return x != DTYPE_BOOL ? STATUS_OK : OP_FAIL(op, "its input is boolean");
    case UNARY_ACTIVATION:
    case UNARY_EXP:
    case UNARY_LOG:
    case UNARY_SQRT:
    case UNARY_FLOOR:
    case UNARY_CEIL:
    case UNARY_ROUND:
    case UNARY_RECIPROCAL:
    case UNARY_SIN:
    case UNARY_COS:
    case UNARY_ERF:
        break;
    }
    return x == DTYPE_F32 ? STATUS_OK : OP_FAIL(op, "its input is not float");
}

static float unary_float(const struct op *op, float x) {
    switch (op->unary) {
    case UNARY_ACTIVATION:
        return activation_value(op->activation, x, op->alpha, op->beta);
    case UNARY_EXP:
        return expf(x);
    case UNARY_LOG:
        return logf(x);
    case UNARY_SQRT:
        return sqrtf(x);
    case UNARY_NEG:
        return -x;
    case UNARY_ABS:
        return fabsf(x);
    case UNARY_FLOOR:
        return floorf(x);
    case UNARY_CEIL:
        return ceilf(x);
    case UNARY_ROUND:
        return nearbyintf(x); /* halves to even, as ONNX's Round */
    case UNARY_RECIPROCAL:
        return 1.0f / x;
    case UNARY_SIN:
        return sinf(x);
    case UNARY_COS:
        return cosf(x);
    case UNARY_ERF:
        return erff(x);
    case UNARY_NOT:
        break; /* dtype_unary keeps it from floats */
    }
    return x;
}

static enum status evaluate_unary(const struct op *op, const struct value *in, struct value *out) {
    const struct value *x = &in[0];
    int64_t elements = shape_elements(&out->shape);
    if (x->dtype == DTYPE_F32) {
        const float *from = x->data;
        float *to = out->data;
        for (int64_t i = 0; i < elements; i++)
            to[i] = unary_float(op, from[i]);
    } else if (x->dtype == DTYPE_I64) {
        const int64_t *from = x->data;
        int64_t *to = out->data;
        for (int64_t i = 0; i < elements; i++)
            if (op->unary == UNARY_NEG || from[i] < 0)
                to[i] = (int64_t)(0 - (uint64_t)from[i]);
            else
                to[i] = from[i];
    } else {
        const unsigned char *from = x->data;
        unsigned char *to = out->data;
        for (int64_t i = 0; i < elements; i++)
            to[i] = !from[i];
    }
    return STATUS_OK;
}

const struct operator_row operator_unary = {
    .name = "Unary",
    .least = 1,
    .most = 1,
    .dtype = dtype_unary,
    .evaluate = evaluate_unary,
    .element_steps = 10.0,
};
