/* BatchNorm. */
#include <inttypes.h>
#include <math.h>

#include "model/onnx/onnx_import.h"
#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status shape_batch_norm(const struct op *op, const struct shape_inputs *inputs,
                                    struct shape *out) {
    const struct shape *const *in = inputs->in;
    if (in[0]->rank < 2)
        return OP_FAIL(op, "its input has no channels");
    for (size_t i = 1; i < 5; i++)
        if (in[i]->rank != 1 || in[i]->dims[0] != in[0]->dims[1])
            return OP_FAIL(op, "its parameters do not fit %" PRId64 " channels", in[0]->dims[1]);
    *out = *in[0];
    return STATUS_OK;
}

static enum status evaluate_batch_norm(const struct op *op, const struct value *in,
                                       struct value *out) {
    int64_t strides[GRAPH_RANK], elements = shape_elements(&out->shape);
    shape_strides(&in[0].shape, strides);
    const float *x = in[0].data, *scale = in[1].data, *bias = in[2].data;
    const float *mean = in[3].data, *variance = in[4].data;
    for (int64_t i = 0; i < elements; i++) {
        int64_t c = i / strides[1] % in[0].shape.dims[1];
        double factor = (double)scale[c] / sqrt((double)variance[c] + (double)op->alpha);
        ((float *)out->data)[i] =
            (float)(((double)x[i] - (double)mean[c]) * factor + (double)bias[c]);
    }
    return STATUS_OK;
}

static enum status read_batch_norm(const struct importer *importer, const struct node *node,
                                   struct op *op) {
    (void)importer;
    if (node_int(node, "training_mode", 0) != 0)
        return FAIL(STATUS_BAD_INPUT, "the model was exported in training mode");
    op->alpha = node_float(node, "epsilon", 1e-5f);
    return STATUS_OK;
}

const struct operator_row operator_batch_norm = {
    .name = "BatchNormalization",
    .least = 5,
    .most = 5,
    .weighs = true,
    .dtype = op_dtype_float,
    .shape = shape_batch_norm,
    .evaluate = evaluate_batch_norm,
    .element_steps = 20.0, /* a square root */
    .read_onnx = read_batch_norm,
};
