/* Operators that only move elements, of any type, in plain C. */
#include <inttypes.h>
#include <string.h>

#include "model/op.h"

static int64_t product(const struct shape *shape, size_t first, size_t end) {
    int64_t result = 1;
    for (size_t i = first; i < end; i++)
        result *= shape->dims[i];
    return result;
}

/* Copies elements that are `step` elements apart. A size that is known lets the compiler move an
 * element by one instruction. */
static void copy_apart(char *to, const char *from, int64_t step, int64_t count, size_t size) {
    if (size == 4)
        for (int64_t i = 0; i < count; i++)
            memcpy(to + 4 * i, from + 4 * i * step, 4);
    else if (size == 8)
        for (int64_t i = 0; i < count; i++)
            memcpy(to + 8 * i, from + 8 * i * step, 8);
    else
        for (int64_t i = 0; i < count; i++)
            to[i] = from[i * step];
}

/* Fills a dense output from array 0 of the walk. */
static void copy_strided(struct walk *walk, size_t size, const char *from, char *to) {
    int64_t columns = walk_columns(walk), step = walk_step(walk, 0);
    do {
        const char *row = from + walk->offset[0] * (int64_t)size;
        if (step == 1)
            memcpy(to, row, (size_t)columns * size);
        else
            copy_apart(to, row, step, columns, size);
        to += columns * (int64_t)size;
    } while (walk_row(walk));
}

static void evaluate_slice(const struct op *op, const struct value *x, struct value *out) {
    struct walk walk;
    int64_t strides[GRAPH_RANK];
    shape_strides(&x->shape, strides);
    walk_start(&walk, &out->shape);
    for (size_t i = 0; i < x->shape.rank; i++) {
        struct slice_range range = slice_clamp(op->slice[i], x->shape.dims[i]);
        walk.stride[0][i] = strides[i] * range.step;
        walk.offset[0] += strides[i] * range.start;
    }
    copy_strided(&walk, dtype_size(x->dtype), x->data, out->data);
}

static void evaluate_transpose(const struct op *op, const struct value *x, struct value *out) {
    struct walk walk;
    int64_t strides[GRAPH_RANK];
    shape_strides(&x->shape, strides);
    walk_start(&walk, &out->shape);
    for (size_t i = 0; i < x->shape.rank; i++)
        walk.stride[0][i] = strides[op->permutation[i]];
    copy_strided(&walk, dtype_size(x->dtype), x->data, out->data);
}

static void evaluate_expand(const struct value *x, struct value *out) {
    struct walk walk;
    walk_start(&walk, &out->shape);
    walk_broadcast(&walk, 0, &x->shape);
    copy_strided(&walk, dtype_size(x->dtype), x->data, out->data);
}

static void evaluate_concat(const struct op *op, const struct value *in, struct value *out) {
    size_t axis = (size_t)op->axis, size = dtype_size(out->dtype);
    char *to = out->data;
    int64_t outer = product(&out->shape, 0, axis);
    for (int64_t block = 0; block < outer; block++)
        for (size_t i = 0; i < op->n_inputs; i++) {
            size_t bytes = (size_t)product(&in[i].shape, axis, in[i].shape.rank) * size;
            memcpy(to, (const char *)in[i].data + (size_t)block * bytes, bytes);
            to += bytes;
        }
}

static enum status evaluate_gather(const struct op *op, const struct value *in, struct value *out) {
    const struct shape *x = &in[0].shape;
    size_t axis = (size_t)op->axis;
    int64_t dim = x->dims[axis], count = shape_elements(&in[1].shape);
    size_t bytes = (size_t)product(x, axis + 1, x->rank) * dtype_size(in[0].dtype);
    const int64_t *indices = in[1].data;
    char *to = out->data;
    int64_t outer = product(x, 0, axis);
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

void value_fill(struct value *value, float fill) {
    int64_t elements = shape_elements(&value->shape);
    for (int64_t i = 0; i < elements; i++) {
        if (value->dtype == DTYPE_F32)
            ((float *)value->data)[i] = fill;
        else if (value->dtype == DTYPE_I64)
            ((int64_t *)value->data)[i] = float_to_i64(fill);
        else
            ((unsigned char *)value->data)[i] = fill != 0.0f;
    }
}

/* The part of x that stays goes to its place in the filled output, row by row. */
static void evaluate_pad(const struct op *op, const struct value *x, struct value *out) {
    struct walk walk;
    struct shape kept = x->shape;
    int64_t from[GRAPH_RANK], to[GRAPH_RANK], size = (int64_t)dtype_size(x->dtype);
    value_fill(out, op->pad_value);
    shape_strides(&x->shape, from);
    shape_strides(&out->shape, to);
    for (size_t i = 0; i < kept.rank; i++) {
        int64_t cut_front = op->pads[i] < 0 ? -op->pads[i] : 0;
        int64_t cut_back = op->pads[kept.rank + i] < 0 ? -op->pads[kept.rank + i] : 0;
        kept.dims[i] -= cut_front + cut_back;
        if (kept.dims[i] <= 0)
            return;
    }
    walk_start(&walk, &kept);
    for (size_t i = 0; i < kept.rank; i++) {
        walk.stride[0][i] = from[i];
        walk.stride[1][i] = to[i];
        walk.offset[op->pads[i] < 0 ? 0 : 1] +=
            op->pads[i] < 0 ? -op->pads[i] * from[i] : op->pads[i] * to[i];
    }
    do {
        memcpy((char *)out->data + walk.offset[1] * size,
               (const char *)x->data + walk.offset[0] * size, (size_t)(walk_columns(&walk) * size));
    } while (walk_row(&walk));
}

static void evaluate_tile(const struct value *x, struct value *out) {
    int64_t strides[GRAPH_RANK], elements = shape_elements(&out->shape);
    size_t size = dtype_size(x->dtype);
    shape_strides(&x->shape, strides);
    for (int64_t at = 0; at < elements; at++) {
        int64_t rest = at, from = 0;
        for (size_t i = out->shape.rank; i-- > 0;) {
            from += rest % out->shape.dims[i] % x->shape.dims[i] * strides[i];
            rest /= out->shape.dims[i];
        }
        memcpy((char *)out->data + (size_t)at * size, (const char *)x->data + (size_t)from * size,
               size);
    }
}

enum status op_evaluate_move(const struct op *op, const struct value *in, struct value *out) {
    switch ((int)op->kind) {
    case OP_CONCAT:
        evaluate_concat(op, in, out);
        break;
    case OP_SLICE:
        evaluate_slice(op, in, out);
        break;
    case OP_TRANSPOSE:
        evaluate_transpose(op, in, out);
        break;
    case OP_EXPAND:
        evaluate_expand(in, out);
        break;
    case OP_PAD:
        evaluate_pad(op, in, out);
        break;
    case OP_GATHER:
        return evaluate_gather(op, in, out);
    case OP_TILE:
        evaluate_tile(in, out);
        break;
    default: /* a reshape */
        memcpy(out->data, in[0].data, (size_t)shape_elements(&out->shape) * dtype_size(out->dtype));
    }
    return STATUS_OK;
}
