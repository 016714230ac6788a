/* Reshape. */
#include <inttypes.h>
#include <string.h>

#include "model/operators/operator.h"

static enum status reshape_dimension(const struct op *op, const struct shape_inputs *inputs,
                                     const struct reshape_dim *dim, int64_t *out) {
    const struct shape *x = inputs->in[0];
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
        *out = (dim->source == DIM_HEIGHT ? inputs->height : inputs->width) / dim->value;
        return STATUS_OK;
    case DIM_REST:
        *out = 1;
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* Fills in the dimension that takes what is left. */
static enum status reshape_rest(const struct op *op, const struct shape *x, struct shape *out) {
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

static enum status shape_reshape(const struct op *op, const struct shape_inputs *inputs,
                                 struct shape *out) {
    enum status status = STATUS_OK;
    if (op->n_reshape > GRAPH_RANK)
        return OP_FAIL(op, "its result would have %zu dimensions", op->n_reshape);
    out->rank = op->n_reshape;
    for (size_t i = 0; i < op->n_reshape; i++)
        TRY(reshape_dimension(op, inputs, &op->reshape[i], &out->dims[i]));
    status = reshape_rest(op, inputs->in[0], out);
out:
    return status;
}

static enum status evaluate_reshape(const struct op *op, const struct value *in,
                                    struct value *out) {
    (void)op;
    memcpy(out->data, in[0].data, (size_t)shape_elements(&out->shape) * dtype_size(out->dtype));
    return STATUS_OK;
}

const struct operator_row operator_reshape = {
    .name = "Reshape",
    .least = 1,
    .most = 1,
    .moves = true,
    .shape = shape_reshape,
    .evaluate = evaluate_reshape,
    .element_steps = 1.0,
};
