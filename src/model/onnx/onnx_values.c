/* ONNX's operators that make or measure constants: Constant, Shape, Range, Cast … */
#include "model/onnx/onnx_import.h"

#include <inttypes.h>
#include <string.h>

/* A constant from numbers in attributes: one (rank 0) or a list. */
static enum status constant_of(struct importer *importer, const struct node *node, enum dtype dtype,
                               const void *values, size_t count, bool list) {
    int tensor;
    struct shape shape = {.rank = list ? 1 : 0, .dims = {(int64_t)count}};
    enum status status =
        importer_constant(importer, node->message->output[0], dtype, &shape, &tensor);
    if (status != STATUS_OK)
        return status;
    if (count > 0)
        memcpy(importer->graph->tensors[tensor].data, values, count * dtype_size(dtype));
    return importer_bind(importer, node->message->output[0], tensor);
}

enum status translate_constant(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    const Onnx__AttributeProto *value = node_attribute(node, "value");
    if (value != NULL && value->t != NULL) {
        int tensor;
        const char *name = node->message->output[0];
        enum status status = constant_read(importer, value->t, name, &tensor);
        return status != STATUS_OK ? status : importer_bind(importer, name, tensor);
    }
    if ((value = node_attribute(node, "value_float")) != NULL)
        return constant_of(importer, node, DTYPE_F32, &value->f, 1, false);
    if ((value = node_attribute(node, "value_int")) != NULL)
        return constant_of(importer, node, DTYPE_I64, &value->i, 1, false);
    if ((value = node_attribute(node, "value_floats")) != NULL)
        return constant_of(importer, node, DTYPE_F32, value->floats, value->n_floats, true);
    if ((value = node_attribute(node, "value_ints")) != NULL)
        return constant_of(importer, node, DTYPE_I64, value->ints, value->n_ints, true);
    return FAIL(STATUS_BAD_INPUT, "a constant of text or sparse values is not supported");
}

enum status translate_shape(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    const struct shape *shape = node_shape(importer, node, 0);
    if (shape == NULL)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    int64_t rank = (int64_t)shape->rank;
    int64_t start = node_int(node, "start", 0), end = node_int(node, "end", rank);
    start = start < -rank ? 0 : start < 0 ? start + rank : start > rank ? rank : start;
    end = end < -rank ? 0 : end < 0 ? end + rank : end > rank ? rank : end;
    if (end < start)
        end = start;
    struct shape copy = *shape; /* the importer's array may move */
    return constant_of(importer, node, DTYPE_I64, copy.dims + start, (size_t)(end - start), true);
}

enum status translate_size(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    const struct shape *shape = node_shape(importer, node, 0);
    if (shape == NULL)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    int64_t elements = shape_elements(shape);
    return constant_of(importer, node, DTYPE_I64, &elements, 1, false);
}

enum status translate_constant_of_shape(struct importer *importer, const struct node *node,
                                        int detail) {
    (void)detail;
    enum status status;
    struct op op = node_op(node, OP_CONSTANT_OF_SHAPE, 1);
    const Onnx__AttributeProto *value = node_attribute(node, "value");
    op.cast_to = DTYPE_F32;
    if (value != NULL && value->t != NULL) {
        int fill;
        TRY(constant_read(importer, value->t, NULL, &fill));
        const struct tensor *tensor = &importer->graph->tensors[fill];
        if (!tensor->constant || shape_elements(&tensor->shape) != 1)
            return FAIL(STATUS_BAD_INPUT, "its 'value' is no single number");
        op.cast_to = tensor->dtype;
        if (tensor->dtype == DTYPE_F32)
            op.pad_value = *(const float *)tensor->data;
        else if (tensor->dtype == DTYPE_I64)
            op.pad_value = (float)*(const int64_t *)tensor->data;
        else
            op.pad_value = *(const uint8_t *)tensor->data != 0;
    }
    status = emit_output(importer, node, &op);
out:
    return status;
}

/* Our type for one of ONNX's. */
static enum status type_of(int64_t onnx, enum dtype *dtype) {
    switch (onnx) {
    case ONNX_FLOAT:
    case ONNX_FLOAT16:
    case ONNX_BFLOAT16:
    case ONNX_DOUBLE:
        *dtype = DTYPE_F32;
        return STATUS_OK;
    case ONNX_INT32:
    case ONNX_INT64:
        *dtype = DTYPE_I64;
        return STATUS_OK;
    case ONNX_BOOL:
        *dtype = DTYPE_BOOL;
        return STATUS_OK;
    default:
        return FAIL(STATUS_BAD_INPUT, "a cast to ONNX's type %" PRId64 " is not supported", onnx);
    }
}

enum status translate_cast(struct importer *importer, const struct node *node, int like) {
    enum status status;
    struct op op = node_op(node, OP_CAST, 1);
    int input = node_input(node, 0), target = node_input(node, 1);
    if (input < 0 || (like && target < 0))
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    if (like)
        op.cast_to = importer->graph->tensors[target].dtype;
    else
        TRY(type_of(node_int(node, "to", 0), &op.cast_to));
    if (importer->graph->tensors[input].dtype == op.cast_to) /* float16 and float are one type */
        status = importer_bind(importer, node->message->output[0], input);
    else
        status = emit_output(importer, node, &op);
out:
    return status;
}
