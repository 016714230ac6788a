/* Operators on single elements, and those that make elements from nothing, in plain C. */
#include <math.h>
#include <string.h>

#include "model/activation.h"
#include "model/op.h"

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
    case UNARY_ERF:
        return erff(x);
    case UNARY_NOT:
        break; /* op_dtype keeps it from floats */
    }
    return x;
}

static void evaluate_unary(const struct op *op, const struct value *x, struct value *out) {
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
}

static float binary_float(enum binary binary, float a, float b) {
    switch (binary) {
    case BINARY_ADD:
        return a + b;
    case BINARY_SUB:
        return a - b;
    case BINARY_MUL:
        return a * b;
    case BINARY_DIV:
        return a / b;
    case BINARY_POW:
        return powf(a, b);
    case BINARY_MIN:
        return a < b || isnan(a) ? a : b;
    case BINARY_MAX:
        return a > b || isnan(a) ? a : b;
    case BINARY_MOD:
        return fmodf(a, b);
    case BINARY_EQUAL:
        return a == b;
    case BINARY_LESS:
        return a < b;
    case BINARY_GREATER:
        return a > b;
    case BINARY_AND:
        return a != 0.0f && b != 0.0f;
    case BINARY_OR:
        return a != 0.0f || b != 0.0f;
    }
    return 0.0f;
}

/* Wraps around as unsigned arithmetic does, where the exact power does not fit. */
static int64_t power(int64_t base, int64_t exponent) {
    if (exponent < 0)
        return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
    uint64_t result = 1, square = (uint64_t)base;
    for (; exponent; exponent >>= 1, square *= square)
        if (exponent & 1)
            result *= square;
    return (int64_t)result;
}

static int64_t binary_i64(enum binary binary, int64_t a, int64_t b) {
    switch (binary) {
    case BINARY_ADD:
        return (int64_t)((uint64_t)a + (uint64_t)b);
    case BINARY_SUB:
        return (int64_t)((uint64_t)a - (uint64_t)b);
    case BINARY_MUL:
        return (int64_t)((uint64_t)a * (uint64_t)b);
    case BINARY_DIV: /* INT64_MIN / -1 does not fit */
        return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
    case BINARY_POW:
        return power(a, b);
    case BINARY_MIN:
        return a < b ? a : b;
    case BINARY_MAX:
        return a > b ? a : b;
    case BINARY_MOD: { /* the sign is the divisor's */
        int64_t rest = b == -1 ? 0 : a % b;
        return rest && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    case BINARY_EQUAL:
        return a == b;
    case BINARY_LESS:
        return a < b;
    case BINARY_GREATER:
        return a > b;
    case BINARY_AND:
        return a && b;
    case BINARY_OR:
        return a || b;
    }
    return 0;
}

/* One row; steps a and b are 0 along a broadcast axis. */
static enum status binary_row(const struct op *op, enum dtype dtype, const void *a, int64_t step_a,
                              const void *b, int64_t step_b, void *out, bool boolean,
                              int64_t columns) {
    for (int64_t i = 0; i < columns; i++) {
        if (dtype == DTYPE_F32) {
            float result = binary_float(op->binary, ((const float *)a)[i * step_a],
                                        ((const float *)b)[i * step_b]);
            if (boolean)
                ((unsigned char *)out)[i] = result != 0.0f;
            else
                ((float *)out)[i] = result;
            continue;
        }
        int64_t left, right;
        if (dtype == DTYPE_I64) {
            left = ((const int64_t *)a)[i * step_a];
            right = ((const int64_t *)b)[i * step_b];
        } else {
            left = ((const unsigned char *)a)[i * step_a] != 0;
            right = ((const unsigned char *)b)[i * step_b] != 0;
        }
        if (!right && (op->binary == BINARY_DIV || op->binary == BINARY_MOD))
            return OP_FAIL(op, "an integer is divided by 0");
        int64_t result = binary_i64(op->binary, left, right);
        if (boolean)
            ((unsigned char *)out)[i] = result != 0;
        else
            ((int64_t *)out)[i] = result;
    }
    return STATUS_OK;
}

static enum status evaluate_binary(const struct op *op, const struct value *in, struct value *out) {
    enum status status;
    struct walk walk;
    int64_t size = (int64_t)dtype_size(in[0].dtype);
    walk_start(&walk, &out->shape);
    walk_broadcast(&walk, 0, &in[0].shape);
    walk_broadcast(&walk, 1, &in[1].shape);
    int64_t columns = walk_columns(&walk);
    char *to = out->data;
    do {
        TRY(binary_row(op, in[0].dtype, (const char *)in[0].data + walk.offset[0] * size,
                       walk_step(&walk, 0), (const char *)in[1].data + walk.offset[1] * size,
                       walk_step(&walk, 1), to, out->dtype == DTYPE_BOOL, columns));
        to += columns * (int64_t)dtype_size(out->dtype);
    } while (walk_row(&walk));
out:
    return status;
}

static void evaluate_where(const struct value *in, struct value *out) {
    struct walk walk;
    size_t size = dtype_size(out->dtype);
    const unsigned char *condition = in[0].data;
    char *to = out->data;
    walk_start(&walk, &out->shape);
    for (size_t i = 0; i < 3; i++)
        walk_broadcast(&walk, i, &in[i].shape);
    int64_t columns = walk_columns(&walk);
    do {
        for (int64_t i = 0; i < columns; i++, to += size) {
            size_t from = condition[walk.offset[0] + i * walk_step(&walk, 0)] ? 1 : 2;
            int64_t at = walk.offset[from] + i * walk_step(&walk, from);
            memcpy(to, (const char *)in[from].data + (size_t)at * size, size);
        }
    } while (walk_row(&walk));
}

int64_t float_to_i64(float x) {
    if (isnan(x))
        return 0;
    return x >= 0x1p63f ? INT64_MAX : x < -0x1p63f ? INT64_MIN : (int64_t)x;
}

static void evaluate_cast(const struct value *x, struct value *out) {
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
}

static void evaluate_range(const struct value *in, struct value *out) {
    for (int64_t i = 0; i < out->shape.dims[0]; i++) {
        if (out->dtype == DTYPE_F32)
            ((float *)out->data)[i] =
                *(const float *)in[0].data + (float)i * *(const float *)in[2].data;
        else
            ((int64_t *)out->data)[i] =
                binary_i64(BINARY_ADD, *(const int64_t *)in[0].data,
                           binary_i64(BINARY_MUL, i, *(const int64_t *)in[2].data));
    }
}

enum status op_evaluate_elements(const struct op *op, const struct value *in, struct value *out) {
    switch ((int)op->kind) {
    case OP_UNARY:
        evaluate_unary(op, in, out);
        break;
    case OP_BINARY:
        return evaluate_binary(op, in, out);
    case OP_CAST:
        evaluate_cast(in, out);
        break;
    case OP_WHERE:
        evaluate_where(in, out);
        break;
    case OP_SHAPE:
        memcpy(out->data, in[0].shape.dims, in[0].shape.rank * sizeof(int64_t));
        break;
    case OP_CONSTANT_OF_SHAPE:
        value_fill(out, op->pad_value);
        break;
    default:
        evaluate_range(in, out);
    }
    return STATUS_OK;
}
