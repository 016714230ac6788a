/* Constants in the layouts and element types that the kernels read. */
#include <string.h>

#include "base/memory.h"
#include "cuda/elements/lanes.h"
#include "cuda/network/network_plan.h"

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

/* A convolution's weights while they are put in order: behind the network's own constants. */
struct draft {
    struct weight_key key;
    size_t before, offset; /* bytes of the network's own; where the draft begins */
};

enum form { FORM_CONV, FORM_FOLDED, FORM_DEPTHWISE, FORM_DECONVOLUTION };

static struct draft draft_of(const struct network *network, const struct op *op, enum form form) {
    return (struct draft){
        .key = {.source = network->graph->tensors[op->inputs[1]].data,
                .form = form,
                .element = network->element},
        .before = network->weight_bytes,
    };
}

/* Whether the library has them already. */
static bool find_kept(const struct network *network, const struct draft *draft, const void **data) {
    *data = weight_store_find(conv_library_weights(network->library), &draft->key);
    return *data != NULL;
}

/* Brings the draft to the device; the network's own end where they ended before. */
static enum status keep(struct network *network, const struct draft *draft, const void **data) {
    size_t bytes = network->weight_bytes - draft->offset;
    network->weight_bytes = draft->before;
    return weight_store_put(conv_library_weights(network->library), &draft->key,
                            network->host_weights + draft->offset, bytes, data);
}

enum status weights_conv(struct network *network, const struct op *op, size_t out_channels,
                         size_t in_channels, const void **data) {
    enum status status = STATUS_OK;
    const struct tensor *tensor = &network->graph->tensors[op->inputs[1]];
    size_t kernel = (size_t)(tensor->shape.dims[2] * tensor->shape.dims[3]);
    struct draft draft = draft_of(network, op, FORM_CONV);
    draft.key.out_channels = out_channels;
    draft.key.in_channels = in_channels;
    if (find_kept(network, &draft, data))
        return STATUS_OK;
    TRY(reserve(network, network->element, out_channels * kernel * in_channels, &draft.offset));
    put_all(network, tensor, draft.offset, kernel * in_channels, 1, in_channels);
    TRY(keep(network, &draft, data));
out:
    return status;
}

enum status weights_folded(struct network *network, const struct op *op, const struct fold *fold,
                           size_t out_channels, size_t in_channels, const void **data) {
    enum status status = STATUS_OK;
    const struct tensor *tensor = &network->graph->tensors[op->inputs[1]];
    const int64_t *dims = tensor->shape.dims;
    const float *from = tensor->data;
    size_t rows = (size_t)fold->window.kernel[0], columns = (size_t)fold->window.kernel[1];
    struct draft draft = draft_of(network, op, FORM_FOLDED);
    draft.key.out_channels = out_channels;
    draft.key.in_channels = in_channels;
    draft.key.shift[0] = fold->shift[0];
    draft.key.shift[1] = fold->shift[1];
    if (find_kept(network, &draft, data))
        return STATUS_OK;
    TRY(reserve(network, network->element, out_channels * rows * columns * in_channels,
                &draft.offset));
    for (int64_t o = 0; o < dims[0]; o++)
        for (int64_t c = 0; c < dims[1]; c++)
            for (int64_t ky = 0; ky < dims[2]; ky++)
                for (int64_t kx = 0; kx < dims[3]; kx++) {
                    size_t y = (size_t)(ky - fold->shift[0]), x = (size_t)(kx - fold->shift[1]);
                    size_t cell = ((size_t)o * rows + y / 2) * columns + x / 2;
                    size_t channel = (2 * (y % 2) + x % 2) * fold->colours + (size_t)c;
                    put(network, draft.offset, cell * in_channels + channel, *from++);
                }
    TRY(keep(network, &draft, data));
out:
    return status;
}

enum status weights_depthwise(struct network *network, const struct op *op, const void **data) {
    enum status status = STATUS_OK;
    const struct tensor *tensor = &network->graph->tensors[op->inputs[1]];
    struct draft draft = draft_of(network, op, FORM_DEPTHWISE);
    if (find_kept(network, &draft, data))
        return STATUS_OK;
    TRY(reserve(network, network->element, (size_t)shape_elements(&tensor->shape), &draft.offset));
    put_all(network, tensor, draft.offset, 1, 0, (size_t)tensor->shape.dims[0]);
    TRY(keep(network, &draft, data));
out:
    return status;
}

enum status weights_deconvolution(struct network *network, const struct op *op, const void **data) {
    enum status status = STATUS_OK;
    const struct tensor *tensor = &network->graph->tensors[op->inputs[1]];
    size_t in_channels = (size_t)tensor->shape.dims[0];
    size_t out_channels = (size_t)tensor->shape.dims[1];
    struct draft draft = draft_of(network, op, FORM_DECONVOLUTION);
    if (find_kept(network, &draft, data))
        return STATUS_OK;
    TRY(reserve(network, network->element, (size_t)shape_elements(&tensor->shape), &draft.offset));
    put_all(network, tensor, draft.offset, out_channels, 1, in_channels * out_channels);
    TRY(keep(network, &draft, data));
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
