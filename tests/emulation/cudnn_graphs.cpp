/* Operation graphs of the fake cuDNN: whether what a graph is made of fits together, and what it
 * computes. */
#include <cuda_emulation.h>

#include "cudnn_parts.h"

#define REQUIRE(condition, reason)                                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return refuse(CUDNN_STATUS_BAD_PARAM, (reason));                                       \
    } while (0)

static cudnnStatus_t tensor_check(const descriptor *tensor) {
    const int64_t *dims = tensor->all<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS);
    const int64_t *strides = tensor->all<int64_t>(CUDNN_ATTR_TENSOR_STRIDES);
    int64_t alignment = tensor->one<int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
    for (size_t i = 0; i < PROGRAM_RANK; i++)
        REQUIRE(dims[i] > 0 && strides[i] > 0, "a dimension or stride below 1");
    REQUIRE(strides[1] == 1 && strides[3] >= dims[1] && strides[2] >= strides[3] * dims[3] &&
                strides[0] >= strides[2] * dims[2],
            "strides that are not those of channels last");
    REQUIRE(alignment == 2 || alignment == 4 || alignment == 8 || alignment == 16,
            "an alignment that is none");
    return CUDNN_STATUS_SUCCESS;
}

static struct program_tensor tensor_of(const part &tensor) {
    struct program_tensor made = {};
    made.uid = tensor->one<int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID);
    made.is_half = tensor->one<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE) == CUDNN_DATA_HALF;
    made.alignment = tensor->one<int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
    for (size_t i = 0; i < PROGRAM_RANK; i++) {
        made.dims[i] = tensor->all<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS)[i];
        made.strides[i] = tensor->all<int64_t>(CUDNN_ATTR_TENSOR_STRIDES)[i];
    }
    return made;
}

static cudnnStatus_t convolution_check(const descriptor *how) {
    REQUIRE(how->one<cudnnDataType_t>(CUDNN_ATTR_CONVOLUTION_COMP_TYPE) == CUDNN_DATA_FLOAT,
            "sums in less than fp32");
    REQUIRE(how->one<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE) ==
                CUDNN_CROSS_CORRELATION,
            "weights that are turned round");
    REQUIRE(how->one<int64_t>(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS) == 2, "not two dimensions");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t forward_check(const descriptor *forward) {
    const part &how = forward->only(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC);
    struct program_tensor x = tensor_of(forward->only(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X));
    struct program_tensor w = tensor_of(forward->only(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W));
    struct program_tensor y = tensor_of(forward->only(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y));
    const int64_t *pre = how->all<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
    const int64_t *post = how->all<int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
    const int64_t *stride = how->all<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
    const int64_t *dilation = how->all<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS);
    REQUIRE(forward->one<float>(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA) == 1.0f &&
                forward->one<float>(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA) == 0.0f,
            "sums that are scaled or added to");
    REQUIRE(x.dims[1] % w.dims[1] == 0 && w.dims[0] % (x.dims[1] / w.dims[1]) == 0,
            "channels that are no multiples of the weights'");
    REQUIRE(y.dims[0] == x.dims[0] && y.dims[1] == w.dims[0],
            "an output of another batch or depth");
    for (size_t i = 0; i < 2; i++) {
        int64_t span = dilation[i] * (w.dims[2 + i] - 1) + 1;
        int64_t room = x.dims[2 + i] + pre[i] + post[i] - span;
        REQUIRE(room >= 0 && y.dims[2 + i] == room / stride[i] + 1, "an output of another size");
    }
    REQUIRE(x.is_half == w.is_half, "a map and weights of two types");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t pointwise_check(const descriptor *operation) {
    const part &how = operation->only(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
    bool adds = how->one<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE) == CUDNN_POINTWISE_ADD;
    struct program_tensor x = tensor_of(operation->only(CUDNN_ATTR_OPERATION_POINTWISE_XDESC));
    struct program_tensor y = tensor_of(operation->only(CUDNN_ATTR_OPERATION_POINTWISE_YDESC));
    REQUIRE(how->one<cudnnDataType_t>(CUDNN_ATTR_POINTWISE_MATH_PREC) == CUDNN_DATA_FLOAT,
            "arithmetic in less than fp32");
    REQUIRE(operation->has(CUDNN_ATTR_OPERATION_POINTWISE_BDESC) == adds,
            "an operand too many, or too few");
    for (size_t i = 0; i < PROGRAM_RANK; i++)
        REQUIRE(x.dims[i] == y.dims[i], "an output of another shape");
    if (adds) {
        struct program_tensor b = tensor_of(operation->only(CUDNN_ATTR_OPERATION_POINTWISE_BDESC));
        for (size_t i = 0; i < PROGRAM_RANK; i++)
            REQUIRE(b.dims[i] == x.dims[i] || b.dims[i] == 1, "an operand of another shape");
    }
    return CUDNN_STATUS_SUCCESS;
}

static double number_or(const part &of, cudnnBackendAttributeName_t name, double otherwise) {
    return of->has(name) ? of->one<double>(name) : otherwise;
}

static struct program_step step_of(const part &operation) {
    const part &how = operation->only(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
    struct program_step step = {};
    step.mode = how->one<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE);
    step.swish = number_or(how, CUDNN_ATTR_POINTWISE_SWISH_BETA, 1.0);
    step.softplus = number_or(how, CUDNN_ATTR_POINTWISE_SOFTPLUS_BETA, 1.0);
    step.slope = number_or(how, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, 0.0);
    step.clip = number_or(how, CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, HUGE_VAL);
    if (operation->has(CUDNN_ATTR_OPERATION_POINTWISE_BDESC))
        step.operand = tensor_of(operation->only(CUDNN_ATTR_OPERATION_POINTWISE_BDESC));
    return step;
}

static bool is_virtual(const part &tensor) {
    return tensor->one<bool>(CUDNN_ATTR_TENSOR_IS_VIRTUAL);
}

/* A convolution, and what each operation adds to what the one before it wrote. */
static cudnnStatus_t graph_check(descriptor *graph) {
    const std::vector<part> &operations = graph->parts(CUDNN_ATTR_OPERATIONGRAPH_OPS);
    const part &first = operations.front();
    struct program *program = &graph->program;
    REQUIRE(first->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR &&
                operations.size() <= 1 + PROGRAM_STEPS,
            "not a convolution and at most three operations");
    const part &how = first->only(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC);
    for (size_t i = 0; i < 2; i++) {
        program->pad[i] = how->all<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS)[i];
        program->stride[i] = how->all<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES)[i];
        program->dilation[i] = how->all<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS)[i];
    }
    program->x = tensor_of(first->only(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X));
    program->w = tensor_of(first->only(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W));
    part running = first->only(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y);
    for (size_t i = 1; i < operations.size(); i++) {
        REQUIRE(operations[i]->type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR,
                "a second convolution");
        REQUIRE(is_virtual(running), "a value between operations that is to be kept");
        REQUIRE(operations[i]->only(CUDNN_ATTR_OPERATION_POINTWISE_XDESC) == running,
                "an operation on something else than what the one before it wrote");
        program->steps[program->n_steps++] = step_of(operations[i]);
        running = operations[i]->only(CUDNN_ATTR_OPERATION_POINTWISE_YDESC);
    }
    REQUIRE(!is_virtual(running), "a result that is not kept");
    program->y = tensor_of(running);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t graph_part_check(descriptor *made) {
    switch (made->type) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR:
        return tensor_check(made);
    case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR:
        return convolution_check(made);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
        return forward_check(made);
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
        return pointwise_check(made);
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
        return graph_check(made);
    case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR:
        REQUIRE(made->count(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS) ==
                    made->count(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS),
                "not a pointer for each unique id");
        return CUDNN_STATUS_SUCCESS;
    case CUDNN_BACKEND_POINTWISE_DESCRIPTOR:
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
        return CUDNN_STATUS_SUCCESS;
    case CUDNN_BACKEND_ENGINECFG_DESCRIPTOR:
    case CUDNN_BACKEND_ENGINE_DESCRIPTOR:
    case CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR:
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
        break;
    }
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, "only heuristics make these");
}
