/* ONNX's operators with weights or windows. */
#include "model/onnx/onnx_import.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Two numbers of a window, `fallback` where the attribute is absent. */
static enum status pair(const struct importer *importer, const struct node *node, const char *name,
                        int64_t fallback, int64_t out[2]) {
    size_t count;
    bool present;
    enum status status = node_list(importer, node, FROM(name, -1), out, 2, &count, &present);
    if (status != STATUS_OK)
        return status;
    if (!present)
        out[0] = out[1] = fallback;
    else if (count != 2)
        return FAIL(STATUS_BAD_INPUT, "its '%s' has %zu values: only pictures (two) are supported",
                    name, count);
    return STATUS_OK;
}

/* The padding that an output of ceil(in / stride) needs; the odd pixel goes to the end or, for
 * "lower", to the beginning. */
static void same_padding(const struct shape *in, bool lower, struct window *window) {
    for (size_t i = 0; i < 2; i++) {
        int64_t size = in->dims[2 + i], stride = window->stride[i];
        int64_t extent = (window->kernel[i] - 1) * window->dilation[i] + 1;
        int64_t total = ((size + stride - 1) / stride - 1) * stride + extent - size;
        total = total < 0 ? 0 : total;
        window->pad[i] = lower ? total - total / 2 : total / 2;
        window->pad[2 + i] = total - window->pad[i];
    }
}

enum status node_window(const struct importer *importer, const struct node *node,
                        const struct shape *weights, struct window *window) {
    enum status status;
    size_t count;
    bool present;
    const struct shape *in = node_shape(importer, node, 0);
    if (in == NULL || in->rank != 4 || (weights != NULL && weights->rank != 4))
        return FAIL(STATUS_BAD_INPUT, "only maps of rank 4 are supported");
    TRY(pair(importer, node, "kernel_shape", 0, window->kernel));
    TRY(pair(importer, node, "strides", 1, window->stride));
    TRY(pair(importer, node, "dilations", 1, window->dilation));
    TRY(pair(importer, node, "output_padding", 0, window->output_padding));
    TRY(node_list(importer, node, FROM("pads", -1), window->pad, 4, &count, &present));
    window->group = node_int(node, "group", 1);
    window->ceil_mode = node_int(node, "ceil_mode", 0) != 0;
    for (size_t i = 0; i < 2; i++) {
        if (weights != NULL && window->kernel[i] == 0)
            window->kernel[i] = weights->dims[2 + i];
        if (window->kernel[i] < 1 || window->kernel[i] > 65536 || window->stride[i] < 1 ||
            window->stride[i] > 65536 || window->dilation[i] < 1 || window->dilation[i] > 65536)
            return FAIL(STATUS_BAD_INPUT, "its kernel, strides or dilations cannot be");
    }
    if (present && count != 4)
        return FAIL(STATUS_BAD_INPUT, "has %zu pads; 4 are expected", count);
    if (node_text_is(node, "auto_pad", "NOTSET", "SAME_UPPER"))
        same_padding(in, false, window);
    else if (node_text_is(node, "auto_pad", "NOTSET", "SAME_LOWER"))
        same_padding(in, true, window);
    else if (node_text_is(node, "auto_pad", "NOTSET", "VALID"))
        memset(window->pad, 0, sizeof window->pad);
out:
    return status;
}

enum status translate_conv(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    int out;
    const int inputs[3] = {node_input(node, 0), node_input(node, 1), node_input(node, 2)};
    return node_convolve(importer, node, inputs, node->message->output[0], &out);
}

enum status translate_conv_transpose(struct importer *importer, const struct node *node,
                                     int detail) {
    (void)detail;
    enum status status;
    struct op op = node_op(node, OP_CONV_TRANSPOSE, node_input(node, 2) >= 0 ? 3 : 2);
    if (node_attribute(node, "output_shape") != NULL ||
        !node_text_is(node, "auto_pad", "NOTSET", "NOTSET"))
        return FAIL(STATUS_BAD_INPUT, "padding by the output's shape is not supported");
    TRY(node_window(importer, node, node_shape(importer, node, 1), &op.window));
    status = emit_output(importer, node, &op);
out:
    return status;
}

enum status translate_pool(struct importer *importer, const struct node *node, int kind) {
    enum status status;
    struct op op = node_op(node, (enum op_kind)kind, 1);
    op.pool_count_padding = node_int(node, "count_include_pad", 0) != 0;
    TRY(node_window(importer, node, NULL, &op.window));
    status = emit_output(importer, node, &op);
out:
    return status;
}

enum status translate_global_pool(struct importer *importer, const struct node *node, int reduce) {
    struct op op = node_op(node, OP_REDUCE, 1);
    const struct shape *in = node_shape(importer, node, 0);
    if (in == NULL || in->rank != 4)
        return FAIL(STATUS_BAD_INPUT, "only maps of rank 4 are supported");
    op.reduce = (enum reduce)reduce;
    op.keep_dims = true;
    op.n_axes = 2;
    op.axes[0] = 2;
    op.axes[1] = 3;
    return emit_output(importer, node, &op);
}

/* Whether the node's way of rounding picks source pixel floor(at / scale), as OP_RESIZE does. For
 * a whole scale most of ONNX's ways do. */
static bool rounds_down(const struct importer *importer, const struct node *node, bool whole) {
    if (importer->opset < 11)
        return true;
    bool down = node_text_is(node, "nearest_mode", "round_prefer_floor", "floor");
    bool nearest = node_text_is(node, "nearest_mode", "round_prefer_floor", "round_prefer_floor") ||
                   node_text_is(node, "nearest_mode", "round_prefer_floor", "round_prefer_ceil");
    const char *key = "coordinate_transformation_mode";
    if (node_text_is(node, key, "half_pixel", "asymmetric"))
        return down;
    if (node_text_is(node, key, "half_pixel", "tf_half_pixel_for_nn"))
        return down && whole;
    return nearest && whole &&
           (node_text_is(node, key, "half_pixel", "half_pixel") ||
            node_text_is(node, key, "half_pixel", "half_pixel_symmetric") ||
            node_text_is(node, key, "half_pixel", "pytorch_half_pixel"));
}

/* The factors of all axes, from scales or, where those are left out, from the result's sizes. */
static enum status resize_scales(const struct importer *importer, const struct node *node,
                                 const struct shape *in, double scales[4]) {
    enum status status;
    int64_t sizes[4];
    size_t n_sizes;
    bool present;
    const Onnx__AttributeProto *attribute = node_attribute(node, "scales"); /* Upsample's, once */
    int at = importer->opset < 11 || strcmp(node->message->op_type, "Upsample") == 0 ? 1 : 2;
    int input = node_input(node, (size_t)at);
    const struct tensor *constant = input < 0 ? NULL : &importer->graph->tensors[input];
    if (attribute != NULL && attribute->n_floats == 4) {
        for (size_t i = 0; i < 4; i++)
            scales[i] = attribute->floats[i];
        return STATUS_OK;
    }
    if (constant != NULL && constant->constant && constant->dtype == DTYPE_F32 &&
        shape_elements(&constant->shape) == 4) {
        for (size_t i = 0; i < 4; i++)
            scales[i] = ((const float *)constant->data)[i];
        return STATUS_OK;
    }
    TRY(node_list(importer, node, FROM("", 3), sizes, 4, &n_sizes, &present));
    if (n_sizes != 4)
        return FAIL(STATUS_BAD_INPUT, "its scales must be four constants");
    sizes[0] = sizes[0] == importer->batch ? in->dims[0] : sizes[0];
    for (size_t i = 0; i < 4; i++)
        scales[i] = in->dims[i] > 0 ? (double)sizes[i] / (double)in->dims[i] : 0.0;
out:
    return status;
}

enum status translate_resize(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    double scales[4];
    struct op op = node_op(node, OP_RESIZE, 1);
    const struct shape *in = node_shape(importer, node, 0);
    if (in == NULL || in->rank != 4)
        return FAIL(STATUS_BAD_INPUT, "only maps of rank 4 are supported");
    if (!node_text_is(node, "mode", "nearest", "nearest"))
        return FAIL(STATUS_BAD_INPUT, "only nearest-neighbour resizing is supported");
    if (node_attribute(node, "axes") != NULL)
        return FAIL(STATUS_BAD_INPUT, "resizing of listed axes is not supported");
    TRY(resize_scales(importer, node, in, scales));
    if (scales[0] != 1.0 || scales[1] != 1.0)
        return FAIL(STATUS_BAD_INPUT, "only height and width can be resized");
    bool whole = scales[2] == floor(scales[2]) && scales[3] == floor(scales[3]);
    if (!rounds_down(importer, node, whole))
        return FAIL(STATUS_BAD_INPUT, "its way of rounding coordinates is not supported");
    op.scale[0] = (float)scales[2];
    op.scale[1] = (float)scales[3];
    status = emit_output(importer, node, &op);
out:
    return status;
}

/* One matrix of a Gemm, transposed where asked for, times a factor. */
static enum status gemm_operand(struct importer *importer, const struct node *node, int input,
                                bool transposed, float factor, int *out) {
    enum status status = STATUS_OK;
    int tensor;
    *out = input;
    if (transposed) {
        struct op op = {.kind = OP_TRANSPOSE, .n_inputs = 1, .inputs = {*out}};
        op.permutation[0] = 1;
        TRY(emit(importer, node, &op, false, NULL, out));
    }
    if (factor != 1.0f) {
        TRY(importer_constant(importer, NULL, DTYPE_F32, &(struct shape){0}, &tensor));
        *(float *)importer->graph->tensors[tensor].data = factor;
        struct op op = {
            .kind = OP_BINARY, .binary = BINARY_MUL, .n_inputs = 2, .inputs = {*out, tensor}};
        TRY(emit(importer, node, &op, false, NULL, out));
    }
out:
    return status;
}

enum status translate_gemm(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    int a = node_input(node, 0), b = node_input(node, 1), c = node_input(node, 2), product;
    const char *output = node->message->output[0];
    if (a < 0 || b < 0 || importer->shapes[a].rank != 2 || importer->shapes[b].rank != 2)
        return FAIL(STATUS_BAD_INPUT, "its inputs must be two matrices");
    TRY(gemm_operand(importer, node, a, node_int(node, "transA", 0) != 0, 1.0f, &a));
    TRY(gemm_operand(importer, node, b, node_int(node, "transB", 0) != 0,
                     node_float(node, "alpha", 1.0f), &b));
    struct op op = {.kind = OP_MATMUL, .n_inputs = 2, .inputs = {a, b}};
    TRY(emit(importer, node, &op, false, c < 0 ? output : NULL, &product));
    if (c >= 0) {
        TRY(gemm_operand(importer, node, c, false, node_float(node, "beta", 1.0f), &c));
        op = (struct op){
            .kind = OP_BINARY, .binary = BINARY_ADD, .n_inputs = 2, .inputs = {product, c}};
        TRY(emit(importer, node, &op, false, output, NULL));
    }
out:
    return status;
}
