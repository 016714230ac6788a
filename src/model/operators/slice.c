/* Slice. */
#include <inttypes.h>

#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status shape_slice(const struct op *op, const struct shape_inputs *inputs,
                               struct shape *out) {
    const struct shape *x = inputs->in[0];
    *out = *x;
    for (size_t i = 0; i < x->rank; i++) {
        struct slice_range range = slice_clamp(op->slice[i], x->dims[i]);
        if (range.step < 1)
            return OP_FAIL(op, "a step of %" PRId64 " along axis %zu", range.step, i);
        out->dims[i] = range.end > range.start ? (range.end - range.start - 1) / range.step + 1 : 0;
    }
    return STATUS_OK;
}

static enum status evaluate_slice(const struct op *op, const struct value *in, struct value *out) {
    const struct value *x = &in[0];
    struct walk walk;
    int64_t strides[GRAPH_RANK];
    shape_strides(&x->shape, strides);
    walk_start(&walk, &out->shape);
    for (size_t i = 0; i < x->shape.rank; i++) {
        struct slice_range range = slice_clamp(op->slice[i], x->shape.dims[i]);
        walk.stride[0][i] = strides[i] * range.step;
        walk.offset[0] += strides[i] * range.start;
    }
    walk_copy(&walk, dtype_size(x->dtype), x->data, out->data);
    return STATUS_OK;
}

const struct operator_row operator_slice = {
    .name = "Slice",
    .least = 1,
    .most = 1,
    .moves = true,
    .shape = shape_slice,
    .evaluate = evaluate_slice,
    .element_steps = 3.0,
};
