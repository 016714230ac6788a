/* Pad by a constant. */
#include <inttypes.h>
#include <string.h>

#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status shape_pad(const struct op *op, const struct shape_inputs *inputs,
                             struct shape *out) {
    const struct shape *x = inputs->in[0];
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

/* The part of x that stays goes to its place in the filled output, row by row. */
static enum status evaluate_pad(const struct op *op, const struct value *in, struct value *out) {
    const struct value *x = &in[0];
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
            return STATUS_OK;
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
    return STATUS_OK;
}

static void cost_pad(const struct op *op, const struct shape *const *in, const struct shape *out,
                     struct op_cost *cost) {
    (void)op;
    (void)out;
    const struct shape *x = in[0];
    cost->pieces = x->rank > 0 ? shape_cost(x) / (double)x->dims[x->rank - 1] : 1.0;
}

const struct operator_row operator_pad = {
    .name = "Pad",
    .least = 1,
    .most = 1,
    .shape = shape_pad,
    .evaluate = evaluate_pad,
    .element_steps = 3.0,
    .cost = cost_pad,
};
