/* PyTorch's own modules. */
#include <string.h>

#include "model/torch/torch_module.h"

/* The parameter `weight` as a constant, and `bias` where there is one (-1 otherwise). */
static enum status weights(struct torch_import *import, const struct pickled *module, size_t rank,
                           int *weight, int *bias) {
    enum status status;
    const struct pickled *of_weight = torch_parameter(module, "weight"),
                         *of_bias = torch_parameter(module, "bias");
    *bias = -1;
    if (of_weight == NULL)
        return TORCH_FAIL(import, module, "damaged: has no weights");
    TRY(torch_constant(import, module, of_weight, rank, weight));
    if (of_bias != NULL)
        TRY(torch_constant(import, module, of_bias, 1, bias));
out:
    return status;
}

/* Numbers of padding, or one of the two words for it; "same" puts the odd one behind. */
static enum status padding(const struct torch_import *import, const struct pickled *module,
                           struct window *window) {
    enum status status = STATUS_OK;
    const struct pickled *value = pickled_get(module, "padding");
    if (value != NULL && pickled_is(value, "valid"))
        return STATUS_OK;
    if (value == NULL || !pickled_is(value, "same")) {
        TRY(torch_ints(import, module, "padding", 0, 2, window->pad));
        window->pad[2] = window->pad[0];
        window->pad[3] = window->pad[1];
        return STATUS_OK;
    }
    for (size_t i = 0; i < 2; i++) {
        int64_t total = window->dilation[i] * (window->kernel[i] - 1);
        window->pad[i] = total / 2;
        window->pad[2 + i] = total - total / 2;
    }
out:
    return status;
}

/* Geometry of a convolution; the kernel is the weights'. */
static enum status conv_window(const struct torch_import *import, const struct pickled *module,
                               int weight, struct window *window) {
    enum status status;
    const struct shape *shape = &import->graph->tensors[weight].shape;
    const struct pickled *mode = pickled_get(module, "padding_mode");
    if (mode != NULL && !pickled_is(mode, "zeros"))
        return TORCH_FAIL(import, module, "padding other than by zeros is not supported");
    *window = (struct window){.kernel = {shape->dims[2], shape->dims[3]}};
    TRY(torch_ints(import, module, "stride", 1, 2, window->stride));
    TRY(torch_ints(import, module, "dilation", 1, 2, window->dilation));
    TRY(torch_int(import, module, "groups", 1, &window->group));
    TRY(padding(import, module, window));
out:
    return status;
}

enum status torch_conv2d(struct torch_import *import, const struct pickled *module, int x,
                         int *out) {
    enum status status;
    struct window window;
    int weight, bias;
    TRY(weights(import, module, 4, &weight, &bias));
    TRY(conv_window(import, module, weight, &window));
    TRY(build_conv(import->graph, torch_layer(import, module), x, weight, bias, &window, out));
out:
    return status;
}

enum status torch_conv_transpose2d(struct torch_import *import, const struct pickled *module, int x,
                                   int *out) {
    enum status status;
    struct window window;
    int weight, bias;
    TRY(weights(import, module, 4, &weight, &bias));
    TRY(conv_window(import, module, weight, &window));
    TRY(torch_ints(import, module, "output_padding", 0, 2, window.output_padding));
    TRY(build_conv_transpose(import->graph, torch_layer(import, module), x, weight, bias, &window,
                             out));
out:
    return status;
}

enum status torch_batch_norm(struct torch_import *import, const struct pickled *module, int x,
                             int *out) {
    enum status status;
    double epsilon;
    int parameters[4];
    const struct pickled *tensors[4] = {
        torch_parameter(module, "weight"), torch_parameter(module, "bias"),
        torch_buffer(module, "running_mean"), torch_buffer(module, "running_var")};
    TRY(torch_number(import, module, "eps", &epsilon));
    for (size_t i = 0; i < 4; i++) {
        if (tensors[i] == NULL) {
            status = TORCH_FAIL(import, module,
                                "without weight, bias, mean and variance it is "
                                "not supported");
            goto out;
        }
        TRY(torch_constant(import, module, tensors[i], 1, &parameters[i]));
    }
    TRY(build_batch_norm(import->graph, torch_layer(import, module), x, parameters, (float)epsilon,
                         out));
out:
    return status;
}

enum status torch_activation(struct torch_import *import, const struct pickled *module, int x,
                             int *out) {
    static const struct {
        const char *name;
        enum activation activation;
        float alpha, beta;
    } known[] = {
        {"SiLU", ACTIVATION_SILU, 0.0f, 0.0f},
        {"ReLU", ACTIVATION_RELU, 0.0f, 0.0f},
        {"ReLU6", ACTIVATION_CLIP, 0.0f, 6.0f},
        {"LeakyReLU", ACTIVATION_LEAKY_RELU, 0.0f, 0.0f},
        {"Sigmoid", ACTIVATION_SIGMOID, 0.0f, 0.0f},
        {"Mish", ACTIVATION_MISH, 0.0f, 0.0f},
        {"MemoryEfficientMish", ACTIVATION_MISH, 0.0f, 0.0f},
        {"Hardsigmoid", ACTIVATION_HARD_SIGMOID, 1.0f / 6.0f, 0.5f},
        {"Hardswish", ACTIVATION_HARD_SWISH, 0.0f, 0.0f},
        {"Tanh", ACTIVATION_TANH, 0.0f, 0.0f},
        {"GELU", ACTIVATION_GELU, 0.0f, 0.0f},
    };
    enum status status = STATUS_OK;
    const struct pickled *approximate = pickled_get(module, "approximate");
    double slope = 0.0;
    size_t i = 0;
    while (strcmp(known[i].name, torch_class(module)) != 0)
        if (++i == sizeof known / sizeof known[0])
            return TORCH_FAIL(import, module, "this activation is not supported");
    if (approximate != NULL && !pickled_is(approximate, "none"))
        return TORCH_FAIL(import, module, "an approximated GELU is not supported");
    if (known[i].activation == ACTIVATION_LEAKY_RELU)
        TRY(torch_number(import, module, "negative_slope", &slope));
    TRY(build_activation(import->graph, torch_layer(import, module), x, known[i].activation,
                         known[i].alpha + (float)slope, known[i].beta, out));
out:
    return status;
}

/* Geometry of a pool; without a stride it is the kernel's. */
static enum status pool_window(const struct torch_import *import, const struct pickled *module,
                               struct window *window) {
    enum status status;
    const struct pickled *stride = pickled_get(module, "stride");
    *window = (struct window){.dilation = {1, 1}, .group = 1};
    TRY(torch_ints(import, module, "kernel_size", 1, 2, window->kernel));
    if (stride == NULL || stride->kind == PICKLED_NONE)
        memcpy(window->stride, window->kernel, sizeof window->stride);
    else
        TRY(torch_ints(import, module, "stride", 1, 2, window->stride));
    TRY(torch_ints(import, module, "padding", 0, 2, window->pad));
    window->pad[2] = window->pad[0];
    window->pad[3] = window->pad[1];
    TRY(torch_flag_or(import, module, "ceil_mode", false, &window->ceil_mode));
out:
    return status;
}

enum status torch_max_pool(struct torch_import *import, const struct pickled *module, int x,
                           int *out) {
    enum status status;
    struct window window;
    bool indices;
    TRY(pool_window(import, module, &window));
    TRY(torch_ints(import, module, "dilation", 1, 2, window.dilation));
    TRY(torch_flag_or(import, module, "return_indices", false, &indices));
    if (indices) {
        status = TORCH_FAIL(import, module, "returning indices is not supported");
        goto out;
    }
    TRY(build_max_pool(import->graph, torch_layer(import, module), x, &window, out));
out:
    return status;
}

enum status torch_average_pool(struct torch_import *import, const struct pickled *module, int x,
                               int *out) {
    enum status status;
    struct window window;
    bool count_padding;
    const struct pickled *divisor = pickled_get(module, "divisor_override");
    if (divisor != NULL && divisor->kind != PICKLED_NONE)
        return TORCH_FAIL(import, module, "a divisor of its own is not supported");
    TRY(pool_window(import, module, &window));
    TRY(torch_flag_or(import, module, "count_include_pad", true, &count_padding));
    TRY(build_average_pool(import->graph, torch_layer(import, module), x, &window, count_padding,
                           out));
out:
    return status;
}

enum status torch_mean(struct torch_import *import, const struct pickled *module, int x, int *out) {
    enum status status;
    int64_t sizes[2];
    TRY(torch_ints(import, module, "output_size", 1, 2, sizes));
    if (sizes[0] != 1 || sizes[1] != 1) {
        status = TORCH_FAIL(import, module, "a result of more than one cell is not supported");
        goto out;
    }
    TRY(build_mean(import->graph, torch_layer(import, module), x, out));
out:
    return status;
}

enum status torch_upsample(struct torch_import *import, const struct pickled *module, int x,
                           int *out) {
    const struct pickled *scale = pickled_get(module, "scale_factor"),
                         *mode = pickled_get(module, "mode");
    double factor = 0.0;
    if (mode == NULL || !pickled_is(mode, "nearest"))
        return TORCH_FAIL(import, module, "only nearest-neighbour resizing is supported");
    if (scale != NULL && (scale->kind == PICKLED_TUPLE || scale->kind == PICKLED_LIST) &&
        scale->n_items == 2 && scale->items[0]->kind == scale->items[1]->kind &&
        scale->items[0]->number == scale->items[1]->number &&
        scale->items[0]->integer == scale->items[1]->integer)
        scale = scale->items[0];
    if (scale != NULL && scale->kind == PICKLED_FLOAT)
        factor = scale->number;
    else if (scale != NULL && scale->kind == PICKLED_INT)
        factor = (double)scale->integer;
    if (!(factor > 0.0) || factor > 1024.0)
        return TORCH_FAIL(import, module, "only resizing by one factor both ways is supported");
    return build_resize(import->graph, torch_layer(import, module), x, (float)factor, out);
}

enum status torch_zero_pad(struct torch_import *import, const struct pickled *module, int x,
                           int *out) {
    enum status status;
    int64_t sides[4]; /* left, right, top, bottom */
    TRY(torch_ints(import, module, "padding", 0, 4, sides));
    const int64_t pad[4] = {sides[2], sides[0], sides[3], sides[1]};
    TRY(build_pad(import->graph, torch_layer(import, module), x, pad, 0.0f, out));
out:
    return status;
}

enum status torch_sequential(struct torch_import *import, const struct pickled *module, int x,
                             int *out) {
    enum status status;
    struct torch_parts parts;
    TRY(torch_parts(import, module, NULL, &parts));
    for (size_t i = 0; i < parts.count; i++)
        TRY(torch_run_item(import, &parts, i, x, &x));
    *out = x;
out:
    return status;
}

enum status torch_identity(struct torch_import *import, const struct pickled *module, int x,
                           int *out) {
    (void)import, (void)module;
    *out = x;
    return STATUS_OK;
}
