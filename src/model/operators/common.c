/* What several operators share. */
#include <inttypes.h>
#include <math.h>

#include "model/operators/operator.h"

enum status op_dtype_float(const struct op *op, const struct value *in, enum dtype *out) {
    *out = DTYPE_F32;
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0 && in[i].dtype != DTYPE_F32)
            return OP_FAIL(op, "input %zu is not float", i);
    return STATUS_OK;
}

enum status op_dtype_indexed(const struct op *op, const struct value *in, enum dtype *out) {
    *out = in[0].dtype;
    return in[1].dtype == DTYPE_I64 ? STATUS_OK : OP_FAIL(op, "input 1 is not int64");
}

enum status op_read_plain(const struct importer *importer, const struct node *node, struct op *op) {
    (void)importer;
    (void)node;
    (void)op;
    return STATUS_OK;
}

enum status op_broadcast(const struct op *op, const struct shape *a, const struct shape *b,
                         struct shape *out) {
    out->rank = a->rank > b->rank ? a->rank : b->rank;
    for (size_t i = 0; i < out->rank; i++) {
        size_t skip_a = out->rank - a->rank, skip_b = out->rank - b->rank;
        int64_t dim_a = i < skip_a ? 1 : a->dims[i - skip_a];
        int64_t dim_b = i < skip_b ? 1 : b->dims[i - skip_b];
        if (dim_a != dim_b && dim_a != 1 && dim_b != 1) {
            char text_a[SHAPE_TEXT], text_b[SHAPE_TEXT];
            return OP_FAIL(op, "shapes %s and %s do not go together", shape_text(a, text_a),
                           shape_text(b, text_b));
        }
        out->dims[i] = dim_a == 1 ? dim_b : dim_a;
    }
    return STATUS_OK;
}

enum status op_check_axis(const struct op *op, const struct shape *x) {
    if (op->axis < 0 || op->axis >= (int64_t)x->rank)
        return OP_FAIL(op, "axis %" PRId64 " of a tensor of rank %zu", op->axis, x->rank);
    return STATUS_OK;
}

enum status op_size_constant(const struct graph *graph, const struct op *op, size_t input,
                             enum dtype dtype, const void **data) {
    const struct tensor *tensor = &graph->tensors[op->inputs[input]];
    if (!tensor->constant || !tensor->data)
        return OP_FAIL(op, "the size of its result is not fixed by the model");
    if (tensor->dtype != dtype || dtype == DTYPE_BOOL)
        return OP_FAIL(op, "a size of the wrong type");
    *data = tensor->data;
    return STATUS_OK;
}

enum status op_shape_from_list(const struct op *op, const struct shape_inputs *inputs, size_t list,
                               const struct shape *times, struct shape *out) {
    enum status status;
    const void *data;
    const struct shape *shape = inputs->in[list];
    TRY(op_size_constant(inputs->graph, op, list, DTYPE_I64, &data));
    const int64_t *sizes = data;
    if (shape->rank != 1 || shape->dims[0] > GRAPH_RANK ||
        (times && shape->dims[0] != (int64_t)times->rank)) {
        status = OP_FAIL(op, "a list of sizes that does not fit a tensor");
        goto out;
    }
    out->rank = (size_t)shape->dims[0];
    for (size_t i = 0; i < out->rank; i++)
        if (sizes[i] < 0 ||
            __builtin_mul_overflow(times ? times->dims[i] : 1, sizes[i], &out->dims[i])) {
            status = OP_FAIL(op, "a size of %" PRId64, sizes[i]);
            goto out;
        }
out:
    return status;
}

int64_t dims_product(const struct shape *shape, size_t first, size_t end) {
    int64_t result = 1;
    for (size_t i = first; i < end; i++)
        result *= shape->dims[i];
    return result;
}

double shape_cost(const struct shape *shape) {
    double product = 1.0;
    for (size_t i = 0; i < shape->rank; i++)
        product *= (double)shape->dims[i];
    return product;
}

int64_t float_to_i64(float x) {
    if (isnan(x))
        return 0;
    return x >= 0x1p63f ? INT64_MAX : x < -0x1p63f ? INT64_MIN : (int64_t)x;
}

void value_fill(struct value *value, float fill) {
    int64_t elements = shape_elements(&value->shape);
    for (int64_t i = 0; i < elements; i++) {
        if (value->dtype == DTYPE_F32)
            ((float *)value->data)[i] = fill;
        else if (value->dtype == DTYPE_I64)
            ((int64_t *)value->data)[i] = float_to_i64(fill);
        else
            ((unsigned char *)value->data)[i] = fill != 0.0f;
    }
}
