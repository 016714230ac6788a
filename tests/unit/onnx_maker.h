/* ONNX files made in memory. Include after cmocka.h. */
#ifndef VERIFY_TESTS_ONNX_MAKER_H
#define VERIFY_TESTS_ONNX_MAKER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <onnx.pb-c.h>

#include "model/model.h"
#include "temp_folder.h"

static inline void *zeroed(size_t size) {
    void *memory = calloc(1, size);
    assert_non_null(memory);
    return memory;
}

static inline char *text(const char *value) {
    char *copy = strdup(value);
    assert_non_null(copy);
    return copy;
}

/* One more pointer at the end of a repeated field of *message, which is evaluated many times. */
#define APPEND(message, field, value)                                                              \
    do {                                                                                           \
        void *grown = realloc((message)->field, ((message)->n_##field + 1) * sizeof(void *));      \
        assert_non_null(grown);                                                                    \
        (message)->field = grown;                                                                  \
        (message)->field[(message)->n_##field++] = (value);                                        \
    } while (0)

static inline Onnx__NodeProto *add_node(Onnx__ModelProto *file, const char *type, const char *in,
                                        const char *out) {
    Onnx__NodeProto *node = zeroed(sizeof *node);
    onnx__node_proto__init(node);
    node->op_type = text(type);
    APPEND(node, input, text(in));
    APPEND(node, output, text(out));
    APPEND(file->graph, node, node);
    return node;
}

/* Adds an operator whose inputs are named "a b c". */
static inline Onnx__NodeProto *combine(Onnx__ModelProto *file, const char *type, const char *inputs,
                                       const char *output) {
    char names[64], *rest = names;
    snprintf(names, sizeof names, "%s", inputs);
    Onnx__NodeProto *node = add_node(file, type, strsep(&rest, " "), output);
    while (rest != NULL)
        APPEND(node, input, text(strsep(&rest, " ")));
    return node;
}

static inline Onnx__TensorProto *add_integers(Onnx__ModelProto *file, const char *name,
                                              const int64_t *values, size_t count) {
    Onnx__TensorProto *tensor = zeroed(sizeof *tensor);
    onnx__tensor_proto__init(tensor);
    tensor->name = text(name);
    tensor->has_data_type = 1;
    tensor->data_type = 7;
    tensor->dims = zeroed(sizeof *tensor->dims);
    tensor->dims[tensor->n_dims++] = (int64_t)count;
    tensor->int64_data = zeroed(count * sizeof *values);
    memcpy(tensor->int64_data, values, count * sizeof *values);
    tensor->n_int64_data = count;
    APPEND(file->graph, initializer, tensor);
    return tensor;
}

static inline void add_list(Onnx__NodeProto *node, const char *name, const int64_t *values,
                            size_t count) {
    Onnx__AttributeProto *attribute = zeroed(sizeof *attribute);
    onnx__attribute_proto__init(attribute);
    attribute->name = text(name);
    attribute->ints = zeroed(count * sizeof *values);
    memcpy(attribute->ints, values, count * sizeof *values);
    attribute->n_ints = count;
    APPEND(node, attribute, attribute);
}

static inline void add_number(Onnx__NodeProto *node, const char *name, int64_t value) {
    Onnx__AttributeProto *attribute = zeroed(sizeof *attribute);
    onnx__attribute_proto__init(attribute);
    attribute->name = text(name);
    attribute->has_i = 1;
    attribute->i = value;
    APPEND(node, attribute, attribute);
}

/* A constant that has this value everywhere. */
static inline Onnx__TensorProto *add_floats(Onnx__ModelProto *file, const char *name,
                                            const int64_t *dims, size_t rank, float value) {
    int64_t count = 1;
    Onnx__TensorProto *tensor = add_integers(file, name, dims, rank);
    tensor->data_type = 1;
    free(tensor->dims);
    tensor->dims = tensor->int64_data;
    tensor->n_dims = rank;
    tensor->int64_data = NULL;
    tensor->n_int64_data = 0;
    for (size_t i = 0; i < rank; i++)
        count *= dims[i];
    tensor->float_data = zeroed((size_t)count * sizeof(float));
    for (; tensor->n_float_data < (size_t)count; tensor->n_float_data++)
        tensor->float_data[tensor->n_float_data] = value;
    return tensor;
}

/* A file with a picture of height x width as its input "images" and the output "out". */
static inline Onnx__ModelProto *file_start(int64_t height, int64_t width) {
    const int64_t sizes[4] = {1, 3, height, width};
    Onnx__ModelProto *file = zeroed(sizeof *file);
    Onnx__ValueInfoProto *input = zeroed(sizeof *input), *output = zeroed(sizeof *output);
    onnx__model_proto__init(file);
    file->has_ir_version = 1;
    file->ir_version = 8;
    file->graph = zeroed(sizeof *file->graph);
    onnx__graph_proto__init(file->graph);
    Onnx__OperatorSetIdProto *set = zeroed(sizeof *set);
    onnx__operator_set_id_proto__init(set);
    set->has_version = 1;
    set->version = 13;
    APPEND(file, opset_import, set);
    onnx__value_info_proto__init(input);
    onnx__value_info_proto__init(output);
    input->name = text("images");
    output->name = text("out");
    input->type = zeroed(sizeof *input->type);
    onnx__type_proto__init(input->type);
    Onnx__TypeProto__Tensor *type = input->type->tensor_type = zeroed(sizeof *type);
    onnx__type_proto__tensor__init(type);
    type->has_elem_type = 1;
    type->elem_type = 1;
    type->shape = zeroed(sizeof *type->shape);
    onnx__tensor_shape_proto__init(type->shape);
    for (size_t i = 0; i < 4; i++) {
        Onnx__TensorShapeProto__Dimension *dim = zeroed(sizeof *dim);
        onnx__tensor_shape_proto__dimension__init(dim);
        dim->has_dim_value = sizes[i] > 0;
        dim->dim_value = sizes[i];
        APPEND(type->shape, dim, dim);
    }
    APPEND(file->graph, input, input);
    APPEND(file->graph, output, output);
    return file;
}

/* Reads the file, to be run at this size, and frees it. */
static inline enum status read_file(Onnx__ModelProto *file, int64_t imgsz, struct model *model) {
    char *folder = temp_folder_make(NULL);
    size_t length = onnx__model_proto__get_packed_size(file);
    uint8_t *bytes = zeroed(length);
    onnx__model_proto__pack(file, bytes);
    onnx__model_proto__free_unpacked(file, NULL);
    file_make_bytes(below(folder, "m.onnx"), bytes, length);
    free(bytes);
    enum status status = model_read(below(folder, "m.onnx"), NULL, imgsz, model);
    temp_folder_remove(folder);
    return status;
}

#endif
