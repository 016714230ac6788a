/* Shapes of the operators that only move elements. */
#include <inttypes.h>

#include "model/op.h"

static enum status check_axis(const struct op *op, const struct shape *x) {
    if (op->axis < 0 || op->axis >= (int64_t)x->rank)
        return OP_FAIL(op, "axis %" PRId64 " of a tensor of rank %zu", op->axis, x->rank);
    return STATUS_OK;
}

static enum status shape_concat(const struct op *op, const struct shape *const *in,
                                struct shape *out) {
    enum status status;
    TRY(check_axis(op, in[0]));
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

static enum status shape_slice(const struct op *op, const struct shape *x, struct shape *out) {
    *out = *x;
    for (size_t i = 0; i < x->rank; i++) {
        struct slice_range range = slice_clamp(op->slice[i], x->dims[i]);
        if (range.step < 1)
            return OP_FAIL(op, "a step of %" PRId64 " along axis %zu", range.step, i);
        out->dims[i] = range.end > range.start ? (range.end - range.start - 1) / range.step + 1 : 0;
    }
    return STATUS_OK;
}

static enum status reshape_dimension(const struct op *op, const struct shape *x,
                                     const struct reshape_dim *dim, int64_t height, int64_t width,
                                     int64_t *out) {
    switch (dim->source) {
    case DIM_CONSTANT:
        *out = dim->value;
        return STATUS_OK;
    case DIM_PRODUCT:
        if (dim->first > x->rank || dim->count > x->rank - dim->first)
            return OP_FAIL(op, "takes dimensions from a tensor of rank %zu", x->rank);
        *out = 1;
        for (size_t i = 0; i < dim->count; i++)
            if (__builtin_mul_overflow(*out, x->dims[dim->first + i], out))
                return OP_FAIL(op, "a product of dimensions is too large");
        return STATUS_OK;
    case DIM_HEIGHT:
    case DIM_WIDTH:
        if (dim->value < 1)
            return OP_FAIL(op, "the input's size divided by %" PRId64, dim->value);
        *out = (dim->source == DIM_HEIGHT ? height : width) / dim->value;
        return STATUS_OK;
    case DIM_REST:
        *out = 1;
        return STATUS_OK;
    }
    return STATUS_OK;
}

static enum status shape_reshape(const struct op *op, const struct shape *x, struct shape *out) {
    char from[SHAPE_TEXT], to[SHAPE_TEXT];
    int64_t elements = shape_elements(x), others = shape_elements(out);
    size_t n_rest = 0;
    for (size_t i = 0; i < op->n_reshape; i++) {
        if (op->reshape[i].source != DIM_REST)
            continue;
        n_rest++;
        if (others > 0 && elements % others == 0) {
            out->dims[i] = elements / others;
            others = elements;
        }
    }
    if (others != elements || n_rest > 1)
        return OP_FAIL(op, "%s cannot be seen as %s", shape_text(x, from), shape_text(out, to));
    return STATUS_OK;
}

static enum status shape_transpose(const struct op *op, const struct shape *x, struct shape *out) {
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

static enum status shape_pad(const struct op *op, const struct shape *x, struct shape *out) {
    const int64_t most = INT64_C(1) << 40; /* as many as a tensor may have elements */
    *out = *x;
    for (size_t i = 0; i < x->rank; i++) {
        int64_t front = op->pads[i], back = op->pads[x->rank + i];
        if (front < -most || front > most || back < -most || back > most)
            return OP_FAIL(op, "a padding of %" PRId64 " and %" PRId64, front, back);
        out->dims[i] += front + back;
    }
    return STATUS_OK;
}

static enum status shape_gather(const struct op *op, const struct shape *x,
                                const struct shape *indices, struct shape *out) {
    enum status status;
    TRY(check_axis(op, x));
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

enum status op_shape_move(const struct op *op, const struct shape *const *in, int64_t height,
                          int64_t width, struct shape *out) {
    enum status status = STATUS_OK;
    switch ((int)op->kind) {
    case OP_CONCAT:
        return shape_concat(op, in, out);
    case OP_SLICE:
        return shape_slice(op, in[0], out);
    case OP_TRANSPOSE:
        return shape_transpose(op, in[0], out);
    case OP_PAD:
        return shape_pad(op, in[0], out);
    case OP_EXPAND:
        if (shape_elements(&op->expand) < 0)
            return OP_FAIL(op, "expands to a shape that no tensor can have");
        return op_broadcast(op, in[0], &op->expand, out);
    case OP_GATHER:
        return shape_gather(op, in[0], in[1], out);
    default:
        break;
    }
    if (op->n_reshape > GRAPH_RANK)
        return OP_FAIL(op, "its result would have %zu dimensions", op->n_reshape);
    out->rank = op->n_reshape;
    for (size_t i = 0; i < op->n_reshape; i++)
        TRY(reshape_dimension(op, in[0], &op->reshape[i], height, width, &out->dims[i]));
    return shape_reshape(op, in[0], out);
out:
    return status;
}
