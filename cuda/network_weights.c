/* Constants in the layouts and element types that the kernels read. */
#include <string.h>

#include "base/memory.h"
#include "cuda/elements/lanes.h"
#include "cuda/network_plan.h"

enum { WEIGHTS_ALIGNMENT = 256 };

/* Room for `count` zeroed elements. */
static enum status reserve(struct network *network, enum element element, size_t count,
                           size_t *offset) {
    enum status status;
    size_t bytes = count * element_size(element);
    size_t begin =
        (network->weight_bytes + WEIGHTS_ALIGNMENT - 1) / WEIGHTS_ALIGNMENT * WEIGHTS_ALIGNMENT;
    TRY(memory_reserve(&network->host_weights, &network->weight_capacity, begin + bytes, 1));
    memset(network->host_weights + network->weight_bytes, 0, begin + bytes - network->weight_bytes);
    network->weight_bytes = begin + bytes;
    *offset = begin;
out:
    return status;
}

static void put(struct network *network, size_t offset, size_t i, float value) {
    element_store(network->host_weights + offset, network->element, i, value);
}

/* Element (i,j,at) of an (A,B,kh kw) constant goes to i a + j b + at k. */
static void put_all(struct network *network, const struct tensor *tensor, size_t offset, size_t a,
                    size_t b, size_t k) {
    const float *from = tensor->data;
    const int64_t *dims = tensor->shape.dims;
    size_t kernel = (size_t)(dims[2] * dims[3]);
    for (size_t i = 0; i < (size_t)dims[0]; i++)
        for (size_t j = 0; j < (size_t)dims[1]; j++)
            for (size_t at = 0; at < kernel; at++)
                put(network, offset, i * a + j * b + at * k, *from++);
}

enum status weights_conv(struct network *network, const struct op *op, size_t out_channels,
                         size_t in_channels, size_t *offset) {
    enum status status;
    const struct tensor *tensor = &network->graph->tensors[op->inputs[1]];
    size_t kernel = (size_t)(tensor->shape.dims[2] * tensor->shape.dims[3]);
    TRY(reserve(network, network->element, out_channels * kernel * in_channels, offset));
    put_all(network, tensor, *offset, kernel * in_channels, 1, in_channels);
out:
    return status;
}

enum status weights_depthwise(struct network *network, const struct op *op, size_t *offset) {
    enum status status;
    const struct tensor *tensor = &network->graph->tensors[op->inputs[1]];
    TRY(reserve(network, network->element, (size_t)shape_elements(&tensor->shape), offset));
    put_all(network, tensor, *offset, 1, 0, (size_t)tensor->shape.dims[0]);
out:
    return status;
}

enum status weights_deconvolution(struct network *network, const struct op *op, size_t *offset) {
    enum status status;
    const struct tensor *tensor = &network->graph->tensors[op->inputs[1]];
    size_t in_channels = (size_t)tensor->shape.dims[0];
    size_t out_channels = (size_t)tensor->shape.dims[1];
    TRY(reserve(network, network->element, (size_t)shape_elements(&tensor->shape), offset));
    put_all(network, tensor, *offset, out_channels, 1, in_channels * out_channels);
out:
    return status;
}

enum status weights_bias(struct network *network, int tensor, size_t channels, size_t *offset) {
    enum status status;
    const struct tensor *bias = &network->graph->tensors[tensor];
    TRY(reserve(network, ELEMENT_F32, channels, offset));
    memcpy(network->host_weights + *offset, bias->data,
           (size_t)shape_elements(&bias->shape) * sizeof(float));
out:
    return status;
}

enum status weights_constant(struct network *network, int tensor, size_t *offset) {
    enum status status;
    const struct tensor *constant = &network->graph->tensors[tensor];
    size_t elements = (size_t)shape_elements(&constant->shape);
    TRY(reserve(network, network->element, elements, offset));
    for (size_t i = 0; i < elements; i++)
        put(network, *offset, i, ((const float *)constant->data)[i]);
out:
    return status;
}
