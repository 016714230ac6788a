/* ONNX's operators that compute element by element, along one axis, or over axes. */
#include "model/onnx/onnx_import.h"

#include <float.h>
#include <inttypes.h>

enum status translate_alias(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    int input = node_input(node, 0);
    if (input < 0)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    return importer_bind(importer, node->message->output[0], input);
}

enum status translate_activation(struct importer *importer, const struct node *node,
                                 int activation) {
    struct op op = node_op(node, OP_UNARY, 1);
    op.unary = UNARY_ACTIVATION;
    op.activation = (enum activation)activation;
    if (activation == ACTIVATION_LEAKY_RELU)
        op.alpha = node_float(node, "alpha", 0.01f);
    if (activation == ACTIVATION_HARD_SIGMOID) {
        op.alpha = node_float(node, "alpha", 0.2f);
        op.beta = node_float(node, "beta", 0.5f);
    }
    if (activation == ACTIVATION_SILU && node_float(node, "alpha", 1.0f) != 1.0f)
        return FAIL(STATUS_BAD_INPUT, "an alpha other than 1 is not supported");
    if (activation == ACTIVATION_GELU && !node_text_is(node, "approximate", "none", "none"))
        return FAIL(STATUS_BAD_INPUT, "the approximation by tanh is not supported");
    return emit_output(importer, node, &op);
}

enum status translate_unary(struct importer *importer, const struct node *node, int unary) {
    struct op op = node_op(node, OP_UNARY, 1);
    op.unary = (enum unary)unary;
    return emit_output(importer, node, &op);
}

enum status translate_clip(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    bool present;
    struct op op = node_op(node, OP_UNARY, 1);
    op.unary = UNARY_ACTIVATION;
    op.activation = ACTIVATION_CLIP;
    op.alpha = -FLT_MAX;
    op.beta = FLT_MAX;
    TRY(node_number(importer, node, FROM("min", 1), &op.alpha, &present));
    TRY(node_number(importer, node, FROM("max", 2), &op.beta, &present));
    status = emit_output(importer, node, &op);
out:
    return status;
}

enum status translate_p_relu(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    bool present;
    struct op op = node_op(node, OP_UNARY, 1);
    op.unary = UNARY_ACTIVATION;
    op.activation = ACTIVATION_LEAKY_RELU;
    TRY(node_number(importer, node, FROM("slope", 1), &op.alpha,
                    &present)); /* one for all channels */
    status = emit_output(importer, node, &op);
out:
    return status;
}

enum status translate_binary(struct importer *importer, const struct node *node, int binary) {
    struct op op = node_op(node, OP_BINARY, 2);
    op.binary = (enum binary)binary;
    return emit_output(importer, node, &op);
}

enum status translate_mod(struct importer *importer, const struct node *node, int binary) {
    if (node_int(node, "fmod", 0) != 0)
        return FAIL(STATUS_BAD_INPUT, "a remainder with the sign of the dividend is not supported");
    return translate_binary(importer, node, binary);
}

/* a >= b as !(a < b). */
enum status translate_not_binary(struct importer *importer, const struct node *node, int binary) {
    enum status status;
    struct op op = node_op(node, OP_BINARY, 2);
    op.binary = (enum binary)binary;
    int compared;
    TRY(emit(importer, node, &op, false, NULL, &compared));
    op = (struct op){.kind = OP_UNARY, .unary = UNARY_NOT, .n_inputs = 1, .inputs = {compared}};
    status = emit_output(importer, node, &op);
out:
    return status;
}

/* An operator of any number of inputs, two at a time. */
enum status translate_fold(struct importer *importer, const struct node *node, int binary) {
    enum status status = STATUS_OK;
    const char *output = node->message->output[0];
    int left = node_input(node, 0);
    if (left < 0)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    if (node->n_inputs == 1)
        return importer_bind(importer, output, left);
    for (size_t i = 1; i < node->n_inputs; i++) {
        struct op op = {.kind = OP_BINARY,
                        .binary = (enum binary)binary,
                        .n_inputs = 2,
                        .inputs = {left, node_input(node, i)}};
        TRY(emit(importer, node, &op, false, i + 1 == node->n_inputs ? output : NULL, &left));
    }
out:
    return status;
}

enum status translate_softmax(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct op op = node_op(node, OP_SOFTMAX, 1);
    const struct shape *in = node_shape(importer, node, 0);
    if (in == NULL)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    TRY(axis_of(node_int(node, "axis", importer->opset < 13 ? 1 : -1), in->rank, &op.axis));
    /* Before opset 13 it ran over all axes from this one on. */
    for (size_t i = (size_t)op.axis + 1; i < in->rank; i++)
        if (importer->opset < 13 && in->dims[i] != 1)
            return FAIL(STATUS_BAD_INPUT, "a softmax over many axes is not supported");
    status = emit_output(importer, node, &op);
out:
    return status;
}

enum status translate_reduce(struct importer *importer, const struct node *node, int reduce) {
    enum status status;
    bool present;
    struct op op = node_op(node, OP_REDUCE, 1);
    const struct shape *in = node_shape(importer, node, 0);
    if (in == NULL)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    op.reduce = (enum reduce)reduce;
    op.keep_dims = node_int(node, "keepdims", 1) != 0;
    TRY(node_list(importer, node, FROM("axes", 1), op.axes, GRAPH_RANK, &op.n_axes, &present));
    if (op.n_axes == 0 && node_int(node, "noop_with_empty_axes", 0) != 0)
        return translate_alias(importer, node, 0);
    for (size_t i = 0; i < op.n_axes; i++)
        TRY(axis_of(op.axes[i], in->rank, &op.axes[i]));
    status = emit_output(importer, node, &op);
out:
    return status;
}
