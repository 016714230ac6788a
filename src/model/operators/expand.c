/* Expand: broadcasting to a shape. */
#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status shape_expand(const struct op *op, const struct shape_inputs *inputs,
                                struct shape *out) {
    if (shape_elements(&op->expand) < 0)
        return OP_FAIL(op, "expands to a shape that no tensor can have");
    return op_broadcast(op, inputs->in[0], &op->expand, out);
}

static enum status evaluate_expand(const struct op *op, const struct value *in, struct value *out) {
    (void)op;
    const struct value *x = &in[0];
    struct walk walk;
    walk_start(&walk, &out->shape);
    walk_broadcast(&walk, 0, &x->shape);
    walk_copy(&walk, dtype_size(x->dtype), x->data, out->data);
    return STATUS_OK;
}

const struct operator operator_expand = {
    .name = "Expand",
    .least = 1,
    .most = 1,
    .shape = shape_expand,
    .evaluate = evaluate_expand,
    .element_steps = 3.0,
};
