/* Attributes and constant inputs of one ONNX operator. */
#include "model/onnx/onnx_import.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const Onnx__AttributeProto *node_attribute(const struct node *node, const char *name) {
    for (size_t i = 0; i < node->message->n_attribute; i++) {
        const Onnx__AttributeProto *attribute = node->message->attribute[i];
        if (attribute->name != NULL && strcmp(attribute->name, name) == 0)
            return attribute;
    }
    return NULL;
}

int64_t node_int(const struct node *node, const char *name, int64_t fallback) {
    const Onnx__AttributeProto *attribute = node_attribute(node, name);
    return attribute != NULL && attribute->has_i ? attribute->i : fallback;
}

float node_float(const struct node *node, const char *name, float fallback) {
    const Onnx__AttributeProto *attribute = node_attribute(node, name);
    return attribute != NULL && attribute->has_f ? attribute->f : fallback;
}

bool node_text_is(const struct node *node, const char *name, const char *fallback,
                  const char *value) {
    const Onnx__AttributeProto *attribute = node_attribute(node, name);
    if (attribute == NULL || !attribute->has_s)
        return strcmp(fallback, value) == 0;
    return attribute->s.len == strlen(value) &&
           memcmp(attribute->s.data, value, attribute->s.len) == 0;
}

int node_input(const struct node *node, size_t input) {
    return input < node->n_inputs ? node->inputs[input] : -1;
}

const struct shape *node_shape(const struct importer *importer, const struct node *node,
                               size_t input) {
    int tensor = node_input(node, input);
    return tensor < 0 ? NULL : &importer->shapes[tensor];
}

/* The constant of an input, NULL where it is left out. */
static enum status constant_input(const struct importer *importer, const struct node *node,
                                  int input, const struct tensor **constant) {
    int tensor = input < 0 ? -1 : node_input(node, (size_t)input);
    *constant = tensor < 0 ? NULL : &importer->graph->tensors[tensor];
    if (*constant != NULL && !(*constant)->constant)
        return FAIL(STATUS_BAD_INPUT, "its input %d must be a constant", input);
    return STATUS_OK;
}

enum status node_list(const struct importer *importer, const struct node *node,
                      struct node_source source, int64_t *values, size_t most, size_t *count,
                      bool *present) {
    const char *name = source.name;
    enum status status;
    const struct tensor *constant;
    const Onnx__AttributeProto *attribute = node_attribute(node, name);
    const int64_t *from = attribute == NULL ? NULL : attribute->ints;
    *count = attribute == NULL ? 0 : attribute->n_ints;
    *present = attribute != NULL;
    if (attribute == NULL) {
        TRY(constant_input(importer, node, source.input, &constant));
        if (constant != NULL) {
            if (constant->dtype != DTYPE_I64 || constant->shape.rank > 1)
                return FAIL(STATUS_BAD_INPUT, "its '%s' is no list of integers", name);
            from = constant->data;
            *count = (size_t)shape_elements(&constant->shape);
            *present = true;
        }
    }
    if (*count > most)
        return FAIL(STATUS_BAD_INPUT, "its '%s' has %zu values, more than %zu", name, *count, most);
    if (*count > 0)
        memcpy(values, from, *count * sizeof *values);
    status = STATUS_OK;
out:
    return status;
}

enum status node_number(const struct importer *importer, const struct node *node,
                        struct node_source source, float *value, bool *present) {
    const char *name = source.name;
    enum status status;
    const struct tensor *constant;
    const Onnx__AttributeProto *attribute = node_attribute(node, name);
    *present = attribute != NULL;
    if (attribute != NULL) {
        *value = attribute->f;
        return STATUS_OK;
    }
    TRY(constant_input(importer, node, source.input, &constant));
    if (constant != NULL) {
        if (constant->dtype != DTYPE_F32 || shape_elements(&constant->shape) != 1)
            return FAIL(STATUS_BAD_INPUT, "its '%s' is no single number", name);
        *value = *(const float *)constant->data;
        *present = true;
    }
out:
    return status;
}

enum status axis_of(int64_t axis, size_t rank, int64_t *out) {
    *out = axis < 0 ? axis + (int64_t)rank : axis;
    if (*out < 0 || *out >= (int64_t)rank)
        return FAIL(STATUS_BAD_INPUT, "axis %" PRId64 " of a tensor of rank %zu", axis, rank);
    return STATUS_OK;
}
