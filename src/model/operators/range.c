/* Range. */
#include <inttypes.h>
#include <math.h>

#include "model/operators/operator.h"

static enum status dtype_range(const struct op *op, const struct value *in, enum dtype *out) {
    *out = in[0].dtype;
    if (in[0].dtype == DTYPE_BOOL || in[1].dtype != in[0].dtype || in[2].dtype != in[0].dtype)
        return OP_FAIL(op, "its inputs must be numbers of one type");
    return STATUS_OK;
}

/* Elements of a Range, from its start, limit and delta. */
static enum status range_count(const struct op *op, enum dtype dtype, const void *const scalars[3],
                               int64_t *count) {
    double value[3];
    for (size_t i = 0; i < 3; i++)
        value[i] = dtype == DTYPE_I64 ? (double)*(const int64_t *)scalars[i]
                                      : (double)*(const float *)scalars[i];
    double n = ceil((value[1] - value[0]) / value[2]);
    if (value[2] == 0.0 || !isfinite(n) || n > 0x1p40)
        return OP_FAIL(op, "a range from %g to %g in steps of %g", value[0], value[1], value[2]);
    *count = n > 0.0 ? (int64_t)n : 0;
    return STATUS_OK;
}

static enum status shape_range(const struct op *op, const struct shape_inputs *inputs,
                               struct shape *out) {
    enum status status = STATUS_OK;
    const void *scalars[3] = {NULL};
    enum dtype dtype = inputs->graph->tensors[op->inputs[0]].dtype;
    for (size_t i = 0; i < 3; i++) {
        if (shape_elements(inputs->in[i]) != 1) {
            status = OP_FAIL(op, "its inputs must be scalars");
            goto out;
        }
        TRY(op_size_constant(inputs->graph, op, i, dtype, &scalars[i]));
    }
    out->rank = 1;
    TRY(range_count(op, dtype, scalars, &out->dims[0]));
out:
    return status;
}

static enum status evaluate_range(const struct op *op, const struct value *in, struct value *out) {
    (void)op;
    for (int64_t i = 0; i < out->shape.dims[0]; i++) {
        if (out->dtype == DTYPE_F32)
            ((float *)out->data)[i] =
                *(const float *)in[0].data + (float)i * *(const float *)in[2].data;
        else
            ((int64_t *)out->data)[i] = (int64_t)(*(const uint64_t *)in[0].data +
                                                  (uint64_t)i * *(const uint64_t *)in[2].data);
    }
    return STATUS_OK;
}

const struct operator operator_range = {
    .name = "Range",
    .least = 3,
    .most = 3,
    .of_shapes = true,
    .dtype = dtype_range,
    .shape = shape_range,
    .evaluate = evaluate_range,
    .element_steps = 1.0,
    .read_onnx = op_read_plain,
};
