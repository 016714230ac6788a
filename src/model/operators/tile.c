/* Tile. */
#include <string.h>

#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status shape_tile(const struct op *op, const struct shape_inputs *inputs,
                              struct shape *out) {
    return op_shape_from_list(op, inputs, 1, inputs->in[0], out);
}

static enum status evaluate_tile(const struct op *op, const struct value *in, struct value *out) {
    (void)op;
    const struct value *x = &in[0];
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
    return STATUS_OK;
}

static void cost_tile(const struct op *op, const struct shape *const *in, const struct shape *out,
                      struct op_cost *cost) {
    (void)op;
    (void)in;
    cost->element += 20.0 * (double)out->rank; /* divisions */
}

const struct operator_row operator_tile = {
    .name = "Tile",
    .least = 2,
    .most = 2,
    .of_shapes = true,
    .dtype = op_dtype_indexed,
    .shape = shape_tile,
    .evaluate = evaluate_tile,
    .element_steps = 4.0,
    .cost = cost_tile,
    .read_onnx = op_read_plain,
};
