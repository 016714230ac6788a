/* Operators on two elements, with broadcasting. */
#include <math.h>

#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status dtype_binary(const struct op *op, const struct value *in, enum dtype *out) {
    if (in[0].dtype != in[1].dtype)
        return OP_FAIL(op, "its inputs differ in type");
    bool boolean = in[0].dtype == DTYPE_BOOL;
    *out = in[0].dtype;
    switch (op->binary) {
    case BINARY_EQUAL:
        *out = DTYPE_BOOL;
        return STATUS_OK;
    case BINARY_AND:
    case BINARY_OR:
        return boolean ? STATUS_OK : OP_FAIL(op, "its inputs are not boolean");
    case BINARY_LESS:
    case BINARY_GREATER:
        *out = DTYPE_BOOL;
        break;
    case BINARY_ADD:
    case BINARY_SUB:
    case BINARY_MUL:
    case BINARY_DIV:
    case BINARY_POW:
    case BINARY_MIN:
    case BINARY_MAX:
    case BINARY_MOD:
        break;
    }
    return boolean ? OP_FAIL(op, "its inputs are boolean") : STATUS_OK;
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

/* One row of an input; the step is 0 along a broadcast axis. */
struct operand {
    const void *data;
    int64_t step;
};

static int64_t whole_number(const struct operand *operand, enum dtype dtype, int64_t i) {
    i *= operand->step;
    return dtype == DTYPE_I64 ? ((const int64_t *)operand->data)[i]
                              : ((const unsigned char *)operand->data)[i] != 0;
}

/* One row of the output. */
static enum status binary_row(const struct op *op, enum dtype dtype, const struct operand in[2],
                              void *out, bool boolean, int64_t columns) {
    const struct operand *a = &in[0], *b = &in[1];
    for (int64_t i = 0; i < columns; i++) {
        if (dtype == DTYPE_F32) {
            float result = binary_float(op->binary, ((const float *)a->data)[i * a->step],
                                        ((const float *)b->data)[i * b->step]);
            if (boolean)
                ((unsigned char *)out)[i] = result != 0.0f;
            else
                ((float *)out)[i] = result;
            continue;
        }
        int64_t left = whole_number(a, dtype, i), right = whole_number(b, dtype, i);
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
    size_t size = dtype_size(in[0].dtype);
    walk_start(&walk, &out->shape);
    for (size_t i = 0; i < 2; i++)
        walk_broadcast(&walk, i, &in[i].shape);
    int64_t columns = walk_columns(&walk);
    char *to = out->data;
    do {
        struct operand row[2];
        for (size_t i = 0; i < 2; i++)
            row[i] = (struct operand){(const char *)in[i].data + (size_t)walk.offset[i] * size,
                                      walk_step(&walk, i)};
        TRY(binary_row(op, in[0].dtype, row, to, out->dtype == DTYPE_BOOL, columns));
        to += columns * (int64_t)dtype_size(out->dtype);
    } while (walk_row(&walk));
out:
    return status;
}

static enum status shape_binary(const struct op *op, const struct shape_inputs *inputs,
                                struct shape *out) {
    return op_broadcast(op, inputs->in[0], inputs->in[1], out);
}

static void cost_binary(const struct op *op, const struct shape *const *in, const struct shape *out,
                        struct op_cost *cost) {
    (void)in;
    (void)out;
    if (op->binary == BINARY_MOD || op->binary == BINARY_POW)
        cost->element = op->binary == BINARY_MOD ? 400.0 : 100.0;
}

const struct operator_row operator_binary = {
    .name = "Binary",
    .least = 2,
    .most = 2,
    .dtype = dtype_binary,
    .shape = shape_binary,
    .evaluate = evaluate_binary,
    .element_steps = 5.0,
    .cost = cost_binary,
};
