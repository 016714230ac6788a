/* The operation graph of one convolution: convolution -> add bias -> activation -> add residual. */
#include "cuda/conv/conv_library.h"

enum { RANK = 4, FULL_ALIGNMENT = 16 };

/* Collects descriptors and remembers the first error, so that a run of calls needs one check. */
struct builder {
    struct conv_graph *graph;
    cudnnStatus_t error;
    int64_t next_virtual;
    size_t n_operations;
    cudnnBackendDescriptor_t operations[4];
};

static cudnnBackendDescriptor_t create(struct builder *b, cudnnBackendDescriptorType_t type) {
    cudnnBackendDescriptor_t made = NULL;
    if (b->error == CUDNN_STATUS_SUCCESS && b->graph->n_parts == CONV_GRAPH_PARTS)
        b->error = CUDNN_STATUS_INTERNAL_ERROR;
    if (b->error == CUDNN_STATUS_SUCCESS)
        b->error = cudnnBackendCreateDescriptor(type, &made);
    if (b->error != CUDNN_STATUS_SUCCESS)
        return NULL;
    b->graph->parts[b->graph->n_parts++] = made;
    return made;
}

static void set(struct builder *b, cudnnBackendDescriptor_t descriptor,
                cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
                const void *values) {
    if (b->error == CUDNN_STATUS_SUCCESS)
        b->error = cudnnBackendSetAttribute(descriptor, name, type, count, values);
}

static void set_descriptor(struct builder *b, cudnnBackendDescriptor_t descriptor,
                           cudnnBackendAttributeName_t name, cudnnBackendDescriptor_t value) {
    set(b, descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

static void finalize(struct builder *b, cudnnBackendDescriptor_t descriptor) {
    if (b->error == CUDNN_STATUS_SUCCESS)
        b->error = cudnnBackendFinalize(descriptor);
}

struct tensor_spec {
    int64_t uid;
    cudnnDataType_t type;
    int64_t dims[RANK], strides[RANK]; /* N, C, H, W */
    int64_t alignment;
    bool is_virtual;
};

static cudnnBackendDescriptor_t add_tensor(struct builder *b, const struct tensor_spec *spec) {
    cudnnBackendDescriptor_t tensor = create(b, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    set(b, tensor, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &spec->type);
    set(b, tensor, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, RANK, spec->dims);
    set(b, tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, RANK, spec->strides);
    set(b, tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &spec->uid);
    set(b, tensor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &spec->alignment);
    set(b, tensor, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &spec->is_virtual);
    finalize(b, tensor);
    return tensor;
}

static cudnnDataType_t data_type(enum element element) {
    return element == ELEMENT_F16 ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
}

/* A map, channels last. */
static struct tensor_spec map_spec(const struct conv_shape *shape, int64_t uid, size_t height,
                                   size_t width, size_t channels, size_t pitch, size_t alignment) {
    return (struct tensor_spec){
        .uid = uid,
        .type = data_type(shape->element),
        .dims = {(int64_t)shape->n, (int64_t)channels, (int64_t)height, (int64_t)width},
        .strides = {(int64_t)(height * width * pitch), 1, (int64_t)(width * pitch), (int64_t)pitch},
        .alignment = alignment ? (int64_t)alignment : FULL_ALIGNMENT,
    };
}

static struct tensor_spec output_spec(const struct conv_shape *shape, int64_t uid, size_t pitch,
                                      size_t alignment) {
    return map_spec(shape, uid, conv_out_size(shape->height, &shape->window, 0),
                    conv_out_size(shape->width, &shape->window, 1), shape->out_channels, pitch,
                    alignment);
}

static cudnnBackendDescriptor_t add_weights(struct builder *b, const struct conv_shape *shape) {
    int64_t height = shape->window.kernel[0];
    int64_t width = shape->window.kernel[1];
    int64_t channels = (int64_t)shape->in_channels / shape->window.group;
    struct tensor_spec spec = {
        .uid = CONV_UID_W,
        .type = data_type(shape->element),
        .dims = {(int64_t)shape->out_channels, channels, height, width},
        .strides = {height * width * channels, 1, width * channels, channels},
        .alignment = FULL_ALIGNMENT,
    };
    return add_tensor(b, &spec);
}

static cudnnBackendDescriptor_t add_bias(struct builder *b, const struct conv_shape *shape) {
    int64_t channels = (int64_t)shape->out_channels;
    struct tensor_spec spec = {
        .uid = CONV_UID_BIAS,
        .type = CUDNN_DATA_FLOAT,
        .dims = {1, channels, 1, 1},
        .strides = {channels, 1, channels, channels},
        .alignment = FULL_ALIGNMENT,
    };
    return add_tensor(b, &spec);
}

/* What an operation writes: the output map where it is the last, else a value in fp32 that never
 * reaches memory. */
static cudnnBackendDescriptor_t add_result(struct builder *b, const struct conv_shape *shape,
                                           const struct conv_way *way, bool last) {
    struct tensor_spec spec;
    if (last) {
        spec = way->packed ? output_spec(shape, CONV_UID_Y, shape->out_channels, 0)
                           : output_spec(shape, CONV_UID_Y, shape->out_pitch, shape->out_alignment);
    } else {
        spec = output_spec(shape, CONV_UID_VIRTUAL + b->next_virtual++, shape->out_channels, 0);
        spec.type = CUDNN_DATA_FLOAT;
        spec.is_virtual = true;
    }
    return add_tensor(b, &spec);
}

static void add_convolution(struct builder *b, const struct conv_shape *shape,
                            cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t w,
                            cudnnBackendDescriptor_t y) {
    const struct window *window = &shape->window;
    const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const int64_t spatial = 2;
    const float one = 1.0f;
    const float zero = 0.0f;
    cudnnBackendDescriptor_t how = create(b, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    set(b, how, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
    set(b, how, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    set(b, how, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &spatial);
    set(b, how, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, &window->pad[0]);
    set(b, how, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, &window->pad[2]);
    set(b, how, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, window->dilation);
    set(b, how, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, window->stride);
    finalize(b, how);
    cudnnBackendDescriptor_t operation =
        create(b, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    set_descriptor(b, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, how);
    set_descriptor(b, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x);
    set_descriptor(b, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, w);
    set_descriptor(b, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y);
    set(b, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1, &one);
    set(b, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1, &zero);
    finalize(b, operation);
    b->operations[b->n_operations++] = operation;
}

/* The mode that computes an activation, or false where cuDNN has none. */
static bool activation_mode(const struct epilogue *epilogue, cudnnPointwiseMode_t *mode) {
    switch (epilogue->activation) {
    case ACTIVATION_SILU:
        *mode = CUDNN_POINTWISE_SWISH_FWD;
        return true;
    case ACTIVATION_RELU:
    case ACTIVATION_LEAKY_RELU:
        *mode = CUDNN_POINTWISE_RELU_FWD;
        return true;
    case ACTIVATION_CLIP:
        *mode = CUDNN_POINTWISE_RELU_FWD;
        return epilogue->alpha == 0 && epilogue->beta > 0;
    case ACTIVATION_SIGMOID:
        *mode = CUDNN_POINTWISE_SIGMOID_FWD;
        return true;
    case ACTIVATION_TANH:
        *mode = CUDNN_POINTWISE_TANH_FWD;
        return true;
    case ACTIVATION_GELU:
        *mode = CUDNN_POINTWISE_GELU_FWD;
        return true;
    case ACTIVATION_SOFTPLUS:
        *mode = CUDNN_POINTWISE_SOFTPLUS_FWD;
        return true;
    case ACTIVATION_NONE:
    case ACTIVATION_MISH:
    case ACTIVATION_HARD_SIGMOID:
    case ACTIVATION_HARD_SWISH:
        return false;
    }
    return false;
}

static void set_activation(struct builder *b, cudnnBackendDescriptor_t how,
                           const struct epilogue *epilogue) {
    const double one = 1.0;
    const double alpha = (double)epilogue->alpha;
    const double beta = (double)epilogue->beta;
    if (epilogue->activation == ACTIVATION_SILU)
        set(b, how, CUDNN_ATTR_POINTWISE_SWISH_BETA, CUDNN_TYPE_DOUBLE, 1, &one);
    if (epilogue->activation == ACTIVATION_SOFTPLUS)
        set(b, how, CUDNN_ATTR_POINTWISE_SOFTPLUS_BETA, CUDNN_TYPE_DOUBLE, 1, &one);
    if (epilogue->activation == ACTIVATION_LEAKY_RELU)
        set(b, how, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, CUDNN_TYPE_DOUBLE, 1, &alpha);
    if (epilogue->activation == ACTIVATION_CLIP)
        set(b, how, CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, CUDNN_TYPE_DOUBLE, 1, &beta);
}

/* `epilogue` NULL: x + other; else the activation of x. */
static void add_pointwise(struct builder *b, const struct epilogue *epilogue,
                          cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t other,
                          cudnnBackendDescriptor_t y) {
    const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    cudnnPointwiseMode_t mode = CUDNN_POINTWISE_ADD;
    if (epilogue && !activation_mode(epilogue, &mode))
        b->error = CUDNN_STATUS_NOT_SUPPORTED;
    cudnnBackendDescriptor_t how = create(b, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    set(b, how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
    set(b, how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &compute);
    if (epilogue)
        set_activation(b, how, epilogue);
    finalize(b, how);
    cudnnBackendDescriptor_t operation = create(b, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    set_descriptor(b, operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
    set_descriptor(b, operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
    if (other)
        set_descriptor(b, operation, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, other);
    set_descriptor(b, operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    finalize(b, operation);
    b->operations[b->n_operations++] = operation;
}

bool conv_has_epilogue(const struct conv_shape *shape) {
    return shape->has_bias || shape->residual_pitch ||
           shape->epilogue.activation != ACTIVATION_NONE;
}

bool conv_form_exists(const struct conv_shape *shape, enum conv_form form) {
    cudnnPointwiseMode_t mode;
    return form == CONV_PLAIN ||
           (conv_has_epilogue(shape) && (shape->epilogue.activation == ACTIVATION_NONE ||
                                         activation_mode(&shape->epilogue, &mode)));
}

bool conv_is_strided(const struct conv_shape *shape) {
    return shape->in_pitch != shape->in_channels || shape->out_pitch != shape->out_channels ||
           (shape->residual_pitch && shape->residual_pitch != shape->out_channels) ||
           (shape->in_alignment && shape->in_alignment < FULL_ALIGNMENT) ||
           (shape->out_alignment && shape->out_alignment < FULL_ALIGNMENT) ||
           (shape->residual_pitch && shape->residual_alignment &&
            shape->residual_alignment < FULL_ALIGNMENT);
}

/* Bias, activation and residual, each reading what the one before it wrote. */
static void add_epilogue(struct builder *b, const struct conv_shape *shape,
                         const struct conv_way *way, cudnnBackendDescriptor_t running) {
    bool activates = shape->epilogue.activation != ACTIVATION_NONE;
    bool has_residual = shape->residual_pitch != 0;
    if (shape->has_bias) {
        cudnnBackendDescriptor_t bias = add_bias(b, shape);
        cudnnBackendDescriptor_t y = add_result(b, shape, way, !activates && !has_residual);
        add_pointwise(b, NULL, running, bias, y);
        running = y;
    }
    if (activates) {
        cudnnBackendDescriptor_t y = add_result(b, shape, way, !has_residual);
        add_pointwise(b, &shape->epilogue, running, NULL, y);
        running = y;
    }
    if (has_residual) {
        struct tensor_spec spec =
            way->packed ? output_spec(shape, CONV_UID_RESIDUAL, shape->out_channels, 0)
                        : output_spec(shape, CONV_UID_RESIDUAL, shape->residual_pitch,
                                      shape->residual_alignment);
        cudnnBackendDescriptor_t residual = add_tensor(b, &spec);
        add_pointwise(b, NULL, running, residual, add_result(b, shape, way, true));
    }
}

cudnnStatus_t conv_graph_make(cudnnHandle_t handle, const struct conv_shape *shape,
                              const struct conv_way *way, struct conv_graph *out) {
    *out = (struct conv_graph){0};
    struct builder b = {.graph = out, .error = CUDNN_STATUS_SUCCESS};
    struct tensor_spec input =
        way->packed ? map_spec(shape, CONV_UID_X, shape->height, shape->width, shape->in_channels,
                               shape->in_channels, 0)
                    : map_spec(shape, CONV_UID_X, shape->height, shape->width, shape->in_channels,
                               shape->in_pitch, shape->in_alignment);
    bool alone = way->form == CONV_PLAIN || !conv_has_epilogue(shape);
    cudnnBackendDescriptor_t x = add_tensor(&b, &input);
    cudnnBackendDescriptor_t w = add_weights(&b, shape);
    cudnnBackendDescriptor_t y = add_result(&b, shape, way, alone);
    add_convolution(&b, shape, x, w, y);
    if (!alone)
        add_epilogue(&b, shape, way, y);
    cudnnBackendDescriptor_t graph = create(&b, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    set(&b, graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
        (int64_t)b.n_operations, b.operations);
    if (handle)
        set(&b, graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
    finalize(&b, graph);
    out->graph = graph;
    return b.error;
}

void conv_graph_free(struct conv_graph *graph) {
    /* Later parts refer to earlier ones. */
    while (graph->n_parts)
        (void)cudnnBackendDestroyDescriptor(graph->parts[--graph->n_parts]);
    graph->graph = NULL;
}
