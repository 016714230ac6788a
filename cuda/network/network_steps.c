/* The operators as steps. */
#include "base/memory.h"
#include "cuda/network/network_plan.h"

/* The feature of an input, which must be a map. */
static enum status read_map(const struct network *network, const struct op *op, size_t input,
                            size_t *feature) {
    if (!op_input(op, input) || network->contents[op->inputs[input]].role != ROLE_MAP)
        return network_refuse(op);
    *feature = network->contents[op->inputs[input]].feature;
    return STATUS_OK;
}

/* The same, as a convolution can read it; where it reads beyond the channels (times zero), what is
 * there must stay finite: nothing else may use the buffer. The input's is written as a whole. */
static enum status read_aligned(struct network *network, const struct op *op, size_t input,
                                size_t *feature) {
    enum status status;
    TRY(read_map(network, op, input, feature));
    if (!feature_is_aligned(network, *feature)) {
        struct step *copy;
        struct feature root = network->features[*feature];
        size_t from = *feature;
        root.pitch = channels_aligned(root.element, root.channels);
        root.parent = NO_FEATURE;
        root.home = HOME_ARENA;
        TRY(feature_add(network, &root, feature));
        TRY(step_add(network, STEP_COPY, from, *feature, &copy));
    }
    struct feature *view = &network->features[*feature];
    if (view->channels % network_alignment(view->element)) {
        size_t first;
        struct feature *whole = &network->features[feature_root(network, *feature, &first)];
        if (whole->home == HOME_ARENA)
            whole->home = HOME_OWN;
    }
out:
    return status;
}

static bool is_weight(const struct network *network, const struct op *op, size_t input) {
    const struct tensor *tensor = &network->graph->tensors[op->inputs[input]];
    return tensor->constant && tensor->dtype == DTYPE_F32;
}

static struct epilogue epilogue_of(const struct op *op) {
    return (struct epilogue){op->activation, op->alpha, op->beta};
}

/* Zeros up to what fills the rows, where a convolution has no groups. */
static enum status compile_weights(struct network *network, const struct op *op,
                                   const struct fold *fold, struct step *step) {
    enum status status;
    enum element element = network->element;
    const int64_t *dims = network->graph->tensors[op->inputs[1]].shape.dims;
    size_t out_channels = (size_t)dims[0], in_channels = (size_t)dims[1] * (fold ? 4 : 1);
    if (op->window.group == 1) {
        out_channels = channels_aligned(element, out_channels);
        in_channels = channels_aligned(element, in_channels);
    }
    step->has_weights = true;
    step->has_bias = op_input(op, 2);
    if (fold)
        TRY(weights_folded(network, op, fold, out_channels, in_channels, &step->weights_data));
    else if (step->kind == STEP_DEPTHWISE)
        TRY(weights_depthwise(network, op, &step->weights_data));
    else
        TRY(weights_conv(network, op, out_channels, in_channels, &step->weights_data));
    if (step->has_bias)
        TRY(weights_bias(network, op->inputs[2], out_channels, &step->bias));
out:
    return status;
}

/* cuDNN's and our own convolutions alike: weights, bias, residual. */
static enum status compile_conv(struct network *network, const struct op *op) {
    enum status status;
    size_t src, residual = NO_FEATURE, dst;
    struct step *step;
    struct fold fold;
    if (!is_weight(network, op, 1) || (op_input(op, 2) && !is_weight(network, op, 2)))
        return network_refuse(op);
    const int64_t *dims = network->graph->tensors[op->inputs[1]].shape.dims;
    size_t group = (size_t)op->window.group;
    bool depthwise = group > 1 && dims[1] == 1 && dims[0] == op->window.group;
    bool folds = stem_fold(network, op, &fold);
    TRY(depthwise ? read_map(network, op, 0, &src) : read_aligned(network, op, 0, &src));
    if (op_input(op, 3))
        TRY(depthwise ? read_map(network, op, 3, &residual)
                      : read_aligned(network, op, 3, &residual));
    TRY(feature_for(network, op, &dst));
    TRY(step_add(network, depthwise ? STEP_DEPTHWISE : STEP_CONV, src, dst, &step));
    step->other = residual;
    step->window = folds ? fold.window : op->window;
    step->epilogue = epilogue_of(op);
    TRY(compile_weights(network, op, folds ? &fold : NULL, step));
out:
    return status;
}

static enum status compile_deconvolution(struct network *network, const struct op *op) {
    enum status status;
    size_t src, dst;
    struct step *step;
    if (op->window.group != 1 || !is_weight(network, op, 1) ||
        (op_input(op, 2) && !is_weight(network, op, 2)))
        return network_refuse(op);
    TRY(read_map(network, op, 0, &src));
    TRY(feature_for(network, op, &dst));
    TRY(step_add(network, STEP_DECONVOLUTION, src, dst, &step));
    step->window = op->window;
    step->epilogue = epilogue_of(op);
    step->has_weights = true;
    step->has_bias = op_input(op, 2);
    TRY(weights_deconvolution(network, op, &step->weights_data));
    if (step->has_bias)
        TRY(weights_bias(network, op->inputs[2], network->features[dst].channels, &step->bias));
out:
    return status;
}

/* One window of odd side around each cell. */
static bool is_square_around(const struct op *op) {
    const struct window *window = &op->window;
    if (op->kind != OP_MAX_POOL || window->kernel[0] != window->kernel[1])
        return false;
    for (size_t i = 0; i < 4; i++)
        if (window->pad[i] != window->kernel[0] / 2 || window->stride[i % 2] != 1 ||
            window->dilation[i % 2] != 1)
            return false;
    return window->kernel[0] % 2 == 1;
}

static const struct op *next_pool(const struct network *network, const struct op *pool) {
    const struct graph *graph = network->graph;
    for (const struct op *op = pool + 1; op < graph->ops + graph->n_ops; op++)
        if (is_square_around(op) && op->inputs[0] == pool->output &&
            op->window.kernel[0] == pool->window.kernel[0])
            return op;
    return NULL;
}

static enum status compile_pool(struct network *network, const struct op *op) {
    enum status status = STATUS_OK;
    size_t src, dst[STEP_OUTPUTS];
    struct step *step;
    if (network->contents[op->output].role == ROLE_MAP)
        return STATUS_OK; /* the second or third of SPPF's */
    TRY(read_map(network, op, 0, &src));
    const struct op *second = is_square_around(op) ? next_pool(network, op) : NULL;
    const struct op *third = second ? next_pool(network, second) : NULL;
    TRY(feature_for(network, op, &dst[0]));
    if (third && network->contents[second->output].role == ROLE_NONE &&
        network->contents[third->output].role == ROLE_NONE) {
        TRY(feature_for(network, second, &dst[1]));
        TRY(feature_for(network, third, &dst[2]));
        TRY(step_add(network, STEP_SPPF, src, dst[0], &step));
        step->dst[1] = dst[1];
        step->dst[2] = dst[2];
    } else {
        TRY(step_add(network, op->kind == OP_MAX_POOL ? STEP_MAX_POOL : STEP_AVERAGE_POOL, src,
                     dst[0], &step));
    }
    step->window = op->window;
    step->count_padding = op->pool_count_padding;
out:
    return status;
}

static enum status compile_resize(struct network *network, const struct op *op) {
    enum status status;
    size_t src, dst;
    struct step *step;
    TRY(read_map(network, op, 0, &src));
    TRY(feature_for(network, op, &dst));
    TRY(step_add(network, STEP_RESIZE, src, dst, &step));
    step->scale[0] = op->scale[0];
    step->scale[1] = op->scale[1];
out:
    return status;
}

static enum status compile_pad(struct network *network, const struct op *op) {
    enum status status;
    size_t src, dst;
    struct step *step;
    for (size_t i = 0; i < 2; i++)
        if (op->pads[i] != 0 || op->pads[4 + i] != 0)
            return network_refuse(op); /* of pictures or channels */
    TRY(read_map(network, op, 0, &src));
    TRY(feature_for(network, op, &dst));
    TRY(step_add(network, STEP_PAD, src, dst, &step));
    step->pad.top = op->pads[2];
    step->pad.left = op->pads[3];
    step->pad.value = op->pad_value;
out:
    return status;
}

static enum status compile_concat(struct network *network, const struct op *op) {
    enum status status = STATUS_OK;
    size_t parts[GRAPH_INPUTS], whole, start = 0, first;
    if (op->axis != 1)
        return network_refuse(op);
    for (size_t i = 0; i < op->n_inputs; i++)
        TRY(read_map(network, op, i, &parts[i]));
    TRY(layout_concat(network, op, parts, &whole));
    for (size_t i = 0; i < op->n_inputs; i++) {
        struct feature view = network->features[parts[i]];
        if (feature_root(network, parts[i], &first) != whole || first != start) {
            struct step *copy;
            size_t place;
            view.parent = whole;
            view.first = start;
            view.home = HOME_ARENA;
            TRY(feature_add(network, &view, &place));
            TRY(step_add(network, STEP_COPY, parts[i], place, &copy));
        }
        start += view.channels;
    }
out:
    return status;
}

/* A slice's start on an axis, counted from the front and within it. */
static int64_t slice_start(const struct op *op, const struct shape *in, size_t axis) {
    int64_t start = op->slice[axis].start;
    start = start < 0 ? start + in->dims[axis] : start;
    return start < 0 ? 0 : start > in->dims[axis] ? in->dims[axis] : start;
}

/* Cells in regular steps: pooled by windows of one cell. */
static enum status compile_sampling(struct network *network, const struct op *op) {
    enum status status;
    const struct shape *in = &network->shapes[op->inputs[0]];
    const struct shape *out = &network->shapes[op->output];
    size_t src, dst;
    struct step *step;
    if (in->dims[1] != out->dims[1])
        return network_refuse(op);
    TRY(read_map(network, op, 0, &src));
    TRY(feature_for(network, op, &dst));
    TRY(step_add(network, STEP_MAX_POOL, src, dst, &step));
    step->shift = (size_t)(slice_start(op, in, 2) * in->dims[3] + slice_start(op, in, 3));
    step->window = (struct window){.kernel = {1, 1}, .dilation = {1, 1}, .group = 1};
    for (size_t i = 0; i < 2; i++)
        step->window.stride[i] = out->dims[2 + i] > 1 ? op->slice[2 + i].step : 1;
out:
    return status;
}

static enum status compile_slice(struct network *network, const struct op *op) {
    const struct shape *in = &network->shapes[op->inputs[0]];
    const struct shape *out = &network->shapes[op->output];
    if (network->contents[op->inputs[0]].role == ROLE_MAP &&
        (in->dims[2] != out->dims[2] || in->dims[3] != out->dims[3]))
        return compile_sampling(network, op);
    return moves_compile(network, op);
}

static enum status compile_unary(struct network *network, const struct op *op) {
    enum status status;
    size_t src, dst;
    struct step *step;
    if (op->unary != UNARY_ACTIVATION)
        return network_refuse(op);
    TRY(read_map(network, op, 0, &src));
    TRY(feature_for(network, op, &dst));
    TRY(step_add(network, STEP_ACTIVATION, src, dst, &step));
    step->epilogue = epilogue_of(op);
out:
    return status;
}

/* A constant with one value, or one a channel. */
static bool is_channel_constant(const struct network *network, int tensor, int64_t channels) {
    const struct tensor *constant = &network->graph->tensors[tensor];
    const struct shape *shape = &constant->shape;
    int64_t elements = shape_elements(shape);
    if (!constant->constant || constant->dtype != DTYPE_F32)
        return false;
    return elements == 1 ||
           (elements == channels && shape->rank >= 3 && shape->dims[shape->rank - 3] == channels);
}

static bool find_binary(enum binary binary, enum kernel_binary *out) {
    const enum kernel_binary kernels[] = {[BINARY_ADD] = KERNEL_ADD,
                                          [BINARY_SUB] = KERNEL_SUB,
                                          [BINARY_MUL] = KERNEL_MUL,
                                          [BINARY_DIV] = KERNEL_DIV};
    if (binary > BINARY_DIV)
        return false;
    *out = kernels[binary];
    return true;
}

static enum status compile_binary(struct network *network, const struct op *op) {
    enum status status;
    enum kernel_binary binary;
    size_t a, b = NO_FEATURE, dst;
    struct step *step;
    for (size_t i = 0; i < 2; i++) {
        enum role role = network->contents[op->inputs[i]].role;
        if (role == ROLE_MOVED || role == ROLE_SCORES)
            return attention_scale(network, op);
    }
    if (!find_binary(op->binary, &binary))
        return network_refuse(op);
    bool commutes = binary == KERNEL_ADD || binary == KERNEL_MUL;
    size_t map = commutes && network->graph->tensors[op->inputs[0]].constant ? 1 : 0;
    int second = op->inputs[1 - map];
    const struct shape *shape = &network->shapes[op->output];
    bool constant = shape->rank == 4 && is_channel_constant(network, second, shape->dims[1]);
    TRY(read_map(network, op, map, &a));
    if (!constant)
        TRY(read_map(network, op, 1 - map, &b));
    if (!shape_equal(&network->shapes[op->inputs[map]], shape) ||
        (!constant && !shape_equal(&network->shapes[second], shape))) {
        status = network_refuse(op);
        goto out;
    }
    TRY(feature_for(network, op, &dst));
    TRY(step_add(network, STEP_BINARY, a, dst, &step));
    step->binary = binary;
    step->other = b;
    if (constant) {
        step->has_weights = true;
        step->constant_channels = (size_t)shape_elements(&network->graph->tensors[second].shape);
        TRY(weights_constant(network, second, &step->weights));
    }
out:
    return status;
}

static enum status compile(struct network *network, const struct op *op) {
    switch (op->kind) {
    case OP_CONV:
        return compile_conv(network, op);
    case OP_CONV_TRANSPOSE:
        return compile_deconvolution(network, op);
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
        return compile_pool(network, op);
    case OP_RESIZE:
        return compile_resize(network, op);
    case OP_PAD:
        return compile_pad(network, op);
    case OP_CONCAT:
        return compile_concat(network, op);
    case OP_SLICE:
        return compile_slice(network, op);
    case OP_UNARY:
        return compile_unary(network, op);
    case OP_BINARY:
        return compile_binary(network, op);
    case OP_MATMUL:
        return attention_matmul(network, op);
    case OP_SOFTMAX:
        return attention_softmax(network, op);
    case OP_TRANSPOSE:
        return network->contents[op->inputs[0]].role == ROLE_WEIGHTS
                   ? attention_transpose(network, op)
                   : moves_compile(network, op);
    case OP_RESHAPE:
        return moves_compile(network, op);
    default:
        return network_refuse(op);
    }
}

/* The operator that computes a tensor, for a message. */
static enum status refuse_head(const struct graph *graph, int tensor) {
    for (size_t i = 0; i < graph->n_ops; i++)
        if (graph->ops[i].output == tensor)
            return network_refuse(&graph->ops[i]);
    return FAIL(STATUS_BAD_INPUT, "the head's output is not a feature map; use --device cpu");
}

/* Copies a map of the head to a packed one of floats, which stays. */
static enum status compile_output(struct network *network, int tensor, size_t *out) {
    enum status status;
    struct step *step;
    const struct content *content = &network->contents[tensor];
    if (content->role != ROLE_MAP)
        return refuse_head(network->graph, tensor);
    struct feature packed = network->features[content->feature];
    packed.pitch = packed.channels;
    packed.element = ELEMENT_F32;
    packed.parent = NO_FEATURE;
    packed.home = HOME_ENDS;
    TRY(feature_add(network, &packed, out));
    TRY(step_add(network, STEP_COPY, content->feature, *out, &step));
out:
    return status;
}

enum status steps_compile(struct network *network) {
    enum status status = STATUS_OK;
    const struct head *head = &network->graph->head;
    if (head->task == TASK_OBB) /* its boxes would be taken as upright ones */
        return FAIL(STATUS_BAD_INPUT,
                    "oriented boxes are not judged on a GPU yet; use --device cpu");
    for (size_t i = 0; i < network->graph->n_ops; i++) {
        const struct op *op = &network->graph->ops[i];
        size_t first = network->n_steps;
        TRY(compile(network, op));
        for (size_t k = first; k < network->n_steps; k++)
            network->steps[k].op = op;
    }
    for (size_t i = 0; i < head->n_levels; i++) {
        const struct head_level *level = &head->levels[i];
        TRY(compile_output(network, level->boxes, &network->boxes[i]));
        network->scores[i] = network->boxes[i];
        if (level->scores != level->boxes)
            TRY(compile_output(network, level->scores, &network->scores[i]));
    }
out:
    return status;
}
