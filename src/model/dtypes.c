#include "model/op.h"

static enum status unary_dtype(const struct op *op, enum dtype x) {
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
    case UNARY_ERF:
        break;
    }
    return x == DTYPE_F32 ? STATUS_OK : OP_FAIL(op, "its input is not float");
}

static enum status binary_dtype(const struct op *op, const struct value *in, enum dtype *out) {
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

enum status op_dtype(const struct op *op, const struct value *in, enum dtype *out) {
    *out = op->n_inputs ? in[0].dtype : DTYPE_F32;
    switch (op->kind) {
    case OP_CONV:
    case OP_CONV_TRANSPOSE:
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
    case OP_RESIZE:
    case OP_MATMUL:
    case OP_SOFTMAX:
    case OP_BATCH_NORM:
        for (size_t i = 0; i < op->n_inputs; i++)
            if (op->inputs[i] >= 0 && in[i].dtype != DTYPE_F32)
                return OP_FAIL(op, "input %zu is not float", i);
        return STATUS_OK;
    case OP_CONCAT:
        for (size_t i = 1; i < op->n_inputs; i++)
            if (in[i].dtype != in[0].dtype)
                return OP_FAIL(op, "its inputs differ in type");
        return STATUS_OK;
    case OP_UNARY:
        return unary_dtype(op, in[0].dtype);
    case OP_BINARY:
        return binary_dtype(op, in, out);
    case OP_SLICE:
    case OP_RESHAPE:
    case OP_TRANSPOSE:
    case OP_PAD:
    case OP_EXPAND:
        return STATUS_OK;
    case OP_REDUCE:
        return in[0].dtype != DTYPE_BOOL ? STATUS_OK : OP_FAIL(op, "its input is boolean");
    case OP_GATHER:
    case OP_TILE:
        return in[1].dtype == DTYPE_I64 ? STATUS_OK : OP_FAIL(op, "input 1 is not int64");
    case OP_SHAPE:
        *out = DTYPE_I64;
        return STATUS_OK;
    case OP_CONSTANT_OF_SHAPE:
        *out = op->cast_to;
        return in[0].dtype == DTYPE_I64 ? STATUS_OK : OP_FAIL(op, "input 0 is not int64");
    case OP_RANGE:
        if (in[0].dtype == DTYPE_BOOL || in[1].dtype != in[0].dtype || in[2].dtype != in[0].dtype)
            return OP_FAIL(op, "its inputs must be numbers of one type");
        return STATUS_OK;
    case OP_CAST:
        *out = op->cast_to;
        return STATUS_OK;
    case OP_WHERE:
        *out = in[1].dtype;
        if (in[0].dtype != DTYPE_BOOL || in[1].dtype != in[2].dtype)
            return OP_FAIL(op, "its condition is not boolean or its inputs differ in type");
        return STATUS_OK;
    case OP_UNKNOWN:
        break;
    }
    return OP_FAIL(op, "this operator is not supported");
}
