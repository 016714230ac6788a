/* Where. */
#include <string.h>

#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status dtype_where(const struct op *op, const struct value *in, enum dtype *out) {
    *out = in[1].dtype;
    if (in[0].dtype != DTYPE_BOOL || in[1].dtype != in[2].dtype)
        return OP_FAIL(op, "its condition is not boolean or its inputs differ in type");
    return STATUS_OK;
}

static enum status shape_where(const struct op *op, const struct shape_inputs *inputs,
                               struct shape *out) {
    enum status status;
    struct shape common;
    TRY(op_broadcast(op, inputs->in[0], inputs->in[1], &common));
    TRY(op_broadcast(op, &common, inputs->in[2], out));
out:
    return status;
}

static enum status evaluate_where(const struct op *op, const struct value *in, struct value *out) {
    (void)op;
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
    return STATUS_OK;
}

const struct operator_row operator_where = {
    .name = "Where",
    .least = 3,
    .most = 3,
    .of_shapes = true,
    .dtype = dtype_where,
    .shape = shape_where,
    .evaluate = evaluate_where,
    .element_steps = 10.0,
    .read_onnx = op_read_plain,
};
