/* ScatterND. */
#include <inttypes.h>
#include <string.h>

#include "model/onnx/onnx_import.h"
#include "model/operators/operator.h"

/* Of the indices, how many numbers each has; 0 where they cannot be indices of x. */
static size_t index_length(const struct shape *x, const struct shape *indices) {
    int64_t length = indices->rank > 0 ? indices->dims[indices->rank - 1] : 0;
    return length > 0 && length <= (int64_t)x->rank ? (size_t)length : 0;
}

static enum status dtype_scatter(const struct op *op, const struct value *in, enum dtype *out) {
    if (in[1].dtype != DTYPE_I64 || in[2].dtype != in[0].dtype)
        return OP_FAIL(op, "its indices are not integers, or its updates of another type");
    *out = in[0].dtype;
    return STATUS_OK;
}

static enum status shape_scatter(const struct op *op, const struct shape_inputs *inputs,
                                 struct shape *out) {
    const struct shape *x = inputs->in[0], *indices = inputs->in[1], *updates = inputs->in[2];
    size_t length = index_length(x, indices), outer = length ? indices->rank - 1 : 0;
    bool fits = length > 0 && updates->rank == outer + x->rank - length;
    for (size_t i = 0; fits && i < updates->rank; i++)
        fits = updates->dims[i] == (i < outer ? indices->dims[i] : x->dims[i - outer + length]);
    if (!fits)
        return OP_FAIL(op, "its indices and updates do not fit what they are written into");
    *out = *x;
    return STATUS_OK;
}

static enum status evaluate_scatter(const struct op *op, const struct value *in,
                                    struct value *out) {
    const struct shape *x = &in[0].shape;
    size_t length = index_length(x, &in[1].shape), size = dtype_size(out->dtype);
    size_t bytes = (size_t)dims_product(x, length, x->rank) * size;
    int64_t count = dims_product(&in[1].shape, 0, in[1].shape.rank - 1);
    const int64_t *index = in[1].data;
    const char *from = in[2].data;
    memcpy(out->data, in[0].data, (size_t)shape_elements(x) * size);
    for (int64_t i = 0; i < count; i++, index += length, from += bytes) {
        int64_t at = 0;
        for (size_t k = 0; k < length; k++) {
            int64_t dim = x->dims[k], number = index[k] < 0 ? index[k] + dim : index[k];
            if (number < 0 || number >= dim)
                return OP_FAIL(op, "index %" PRId64 " of a dimension of %" PRId64, index[k], dim);
            at = at * dim + number;
        }
        memcpy((char *)out->data + (size_t)at * bytes, from, bytes);
    }
    return STATUS_OK;
}

static void cost_scatter(const struct op *op, const struct shape *const *in,
                         const struct shape *out, struct op_cost *cost) {
    (void)op;
    (void)out;
    cost->pieces = shape_cost(in[1]);
}

static enum status read_scatter(const struct importer *importer, const struct node *node,
                                struct op *op) {
    (void)importer;
    (void)op;
    if (!node_text_is(node, "reduction", "none", "none"))
        return FAIL(STATUS_BAD_INPUT, "updates that are added or compared are not supported");
    return STATUS_OK;
}

const struct operator_row operator_scatter_nd = {
    .name = "ScatterND",
    .least = 3,
    .most = 3,
    .dtype = dtype_scatter,
    .shape = shape_scatter,
    .evaluate = evaluate_scatter,
    .element_steps = 1.0,
    .cost = cost_scatter,
    .read_onnx = read_scatter,
};
