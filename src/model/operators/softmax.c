/* Softmax. */
#include <math.h>

#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status shape_softmax(const struct op *op, const struct shape_inputs *inputs,
                                 struct shape *out) {
    *out = *inputs->in[0];
    return op_check_axis(op, inputs->in[0]);
}

static enum status evaluate_softmax(const struct op *op, const struct value *in,
                                    struct value *out) {
    const struct value *x = &in[0];
    int64_t strides[GRAPH_RANK], elements = shape_elements(&x->shape);
    int64_t count = x->shape.dims[op->axis];
    shape_strides(&x->shape, strides);
    int64_t stride = strides[op->axis];
    for (int64_t line = 0; line < elements / count; line++) {
        int64_t first = line / stride * stride * count + line % stride;
        const float *from = (const float *)x->data + first;
        float *to = (float *)out->data + first;
        float largest = -INFINITY;
        double sum = 0.0;
        for (int64_t i = 0; i < count; i++)
            largest = from[i * stride] > largest ? from[i * stride] : largest;
        for (int64_t i = 0; i < count; i++)
            sum += exp((double)from[i * stride] - (double)largest);
        for (int64_t i = 0; i < count; i++)
            to[i * stride] = (float)(exp((double)from[i * stride] - (double)largest) / sum);
    }
    return STATUS_OK;
}

const struct operator_row operator_softmax = {
    .name = "Softmax",
    .least = 1,
    .most = 1,
    .dtype = op_dtype_float,
    .shape = shape_softmax,
    .evaluate = evaluate_softmax,
    .element_steps = 40.0, /* two exponentials */
};
