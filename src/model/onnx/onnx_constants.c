/* The elements of an ONNX file's constants. */
#include "model/onnx/onnx_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "model/half.h"

/* Bytes of an element as the file has it, and our type; 0: none that we compute with. */
static size_t element_size(int32_t type, enum dtype *dtype) {
    *dtype = type == ONNX_BOOL                          ? DTYPE_BOOL
             : type == ONNX_INT32 || type == ONNX_INT64 ? DTYPE_I64
                                                        : DTYPE_F32;
    switch (type) {
    case ONNX_BOOL:
    case ONNX_UINT8:
    case ONNX_INT8:
        return 1;
    case ONNX_UINT16:
    case ONNX_INT16:
    case ONNX_FLOAT16:
    case ONNX_BFLOAT16:
        return 2;
    case ONNX_FLOAT:
    case ONNX_INT32:
        return 4;
    case ONNX_INT64:
    case ONNX_DOUBLE:
        return 8;
    default:
        return 0;
    }
}

/* Elements from little-endian bytes, which need not be aligned. */
static void convert_raw(int32_t type, const uint8_t *raw, size_t count, void *out) {
    float *floats = out;
    int64_t *integers = out;
    uint8_t *booleans = out;
    uint16_t half;
    int32_t small;
    double wide;
    switch (type) {
    case ONNX_FLOAT:
    case ONNX_INT64:
        if (count > 0)
            memcpy(out, raw, count * (type == ONNX_FLOAT ? 4 : 8));
        break;
    case ONNX_FLOAT16:
    case ONNX_BFLOAT16:
        for (size_t i = 0; i < count; i++) {
            memcpy(&half, raw + 2 * i, 2);
            floats[i] = type == ONNX_FLOAT16 ? half_to_float(half) : bfloat_to_float(half);
        }
        break;
    case ONNX_DOUBLE:
        for (size_t i = 0; i < count; i++) {
            memcpy(&wide, raw + 8 * i, 8);
            floats[i] = (float)wide;
        }
        break;
    case ONNX_INT32:
        for (size_t i = 0; i < count; i++) {
            memcpy(&small, raw + 4 * i, 4);
            integers[i] = small;
        }
        break;
    case ONNX_UINT8:
    case ONNX_INT8:
        for (size_t i = 0; i < count; i++)
            floats[i] = type == ONNX_UINT8 ? raw[i] : (int8_t)raw[i];
        break;
    case ONNX_UINT16:
    case ONNX_INT16:
        for (size_t i = 0; i < count; i++) {
            memcpy(&half, raw + 2 * i, 2);
            floats[i] = type == ONNX_UINT16 ? half : (int16_t)half;
        }
        break;
    default:
        for (size_t i = 0; i < count; i++)
            booleans[i] = raw[i] != 0;
        break;
    }
}

/* Elements in the field of their type; false where their number is not `count`. With `out` NULL
 * only the number is looked at. */
static bool convert_field(const Onnx__TensorProto *message, size_t count, void *out) {
    int32_t type = message->data_type;
    size_t n = type == ONNX_FLOAT    ? message->n_float_data
               : type == ONNX_INT64  ? message->n_int64_data
               : type == ONNX_DOUBLE ? message->n_double_data
                                     : message->n_int32_data;
    if (n != count || out == NULL)
        return n == count;
    for (size_t i = 0; i < count; i++) {
        if (type == ONNX_FLOAT)
            ((float *)out)[i] = message->float_data[i];
        else if (type == ONNX_DOUBLE)
            ((float *)out)[i] = (float)message->double_data[i];
        else if (type == ONNX_INT64)
            ((int64_t *)out)[i] = message->int64_data[i];
        else if (type == ONNX_INT32)
            ((int64_t *)out)[i] = message->int32_data[i];
        else if (type == ONNX_BOOL)
            ((uint8_t *)out)[i] = message->int32_data[i] != 0;
        else if (type >= ONNX_UINT8 && type <= ONNX_INT16)
            ((float *)out)[i] = (float)message->int32_data[i];
        else if (type == ONNX_FLOAT16)
            ((float *)out)[i] = half_to_float((uint16_t)message->int32_data[i]);
        else
            ((float *)out)[i] = bfloat_to_float((uint16_t)message->int32_data[i]);
    }
    return true;
}

static enum status read_shape(const Onnx__TensorProto *message, struct shape *shape,
                              size_t *count) {
    shape->rank = message->n_dims;
    if (shape->rank > GRAPH_RANK)
        return FAIL(STATUS_BAD_INPUT, "it has %zu dimensions, more than %d", shape->rank,
                    GRAPH_RANK);
    for (size_t i = 0; i < shape->rank; i++)
        shape->dims[i] = message->dims[i];
    if (shape_elements(shape) < 0)
        return FAIL(STATUS_BAD_INPUT, "damaged: its dimensions cannot be");
    *count = (size_t)shape_elements(shape);
    return STATUS_OK;
}

static enum status read_elements(struct importer *importer, Onnx__TensorProto *message,
                                 const char *name, int *tensor) {
    enum status status;
    enum dtype dtype;
    struct shape shape = {0};
    size_t count, size = element_size(message->data_type, &dtype);
    uint8_t *external = NULL;
    const uint8_t *raw = message->raw_data.data;
    bool is_raw = message->has_raw_data && message->raw_data.len > 0;
    TRY(read_shape(message, &shape, &count));
    if (message->data_location == 1) {
        TRY(external_read(importer->path, message, count * size, &external));
        raw = external;
        is_raw = true;
        importer->fingerprint = fingerprint_bytes(importer->fingerprint, raw, count * size);
    } else if (is_raw ? message->raw_data.len != count * size
                      : !convert_field(message, count, NULL)) {
        status = FAIL(STATUS_BAD_INPUT, "damaged: its data do not fit its dimensions");
        goto out;
    }
    importer->memory_left += count * dtype_size(dtype); /* the file does account for it */
    TRY(importer_constant(importer, name, dtype, &shape, tensor));
    importer->states[*tensor].element = message->data_type;
    importer->states[*tensor].credits = 2; /* quantised, and numbers again */
    if (is_raw)
        convert_raw(message->data_type, raw, count, importer->graph->tensors[*tensor].data);
    else
        convert_field(message, count, importer->graph->tensors[*tensor].data);
    free(message->raw_data.data);
    message->raw_data = (ProtobufCBinaryData){0};
out:
    free(external);
    return status;
}

/* A tensor of which nothing is known, with the reason. */
static enum status refuse(struct importer *importer, const Onnx__TensorProto *message,
                          const char *name, int *tensor) {
    enum status status;
    char reason[200];
    TRY(importer_tensor(importer, name, tensor));
    snprintf(reason, sizeof reason,
             "constant '%.100s' is of ONNX's type %d, which is not supported",
             name == NULL ? "" : name, message->data_type);
    TRY(memory_string(reason, &importer->states[*tensor].trouble));
out:
    return status;
}

enum status constant_read(struct importer *importer, Onnx__TensorProto *message, const char *name,
                          int *tensor) {
    enum dtype dtype;
    if (element_size(message->data_type, &dtype) == 0)
        return refuse(importer, message, name, tensor);
    enum status status = read_elements(importer, message, name, tensor);
    if (status != STATUS_OK)
        status_prefix(status, "constant '%.200s': ", name == NULL ? "" : name);
    return status;
}
