/* ONNX's operators on integers: each as its integers' numbers, computed and quantised again, but
 * for convolutions, whose sums are those of the integers. */
#include <math.h>

#include "model/onnx/onnx_quantised.h"

/* Whether the scales of a bias are those of a product, `of_x` a number, so that its integers may be
 * added to the product's. */
static bool bias_fits(const struct importer *importer, int of_bias, int of_x, int of_weights) {
    const struct tensor *tensors = importer->graph->tensors;
    float x;
    int64_t n_bias = shape_elements(&tensors[of_bias].shape);
    int64_t n_weights = shape_elements(&tensors[of_weights].shape);
    if (!tensor_is_number(importer, of_x, &x) || (n_bias != n_weights && n_weights != 1))
        return false;
    for (int64_t i = 0; i < n_bias; i++) {
        float weights = ((const float *)tensors[of_weights].data)[n_weights == 1 ? 0 : i];
        float found = ((const float *)tensors[of_bias].data)[i];
        if (!(fabsf(found - x * weights) <= 1e-5f * fabsf(found)))
            return false;
    }
    return true;
}

/* A convolution of integers, whose sums are whole: what an algorithm leaves of an error is rounded
 * away, so that no step of the quantisation behind it is taken the other way. */
static enum status convolve_whole(struct importer *importer, const struct node *node,
                                  const struct op *conv, const char *output, int *out) {
    static const struct op round = {.unary = UNARY_ROUND};
    enum status status;
    struct op op = *conv;
    int scale;
    TRY(emit_binary(importer, node, BINARY_MUL, importer->states[op.inputs[0]].scale,
                    importer->states[op.inputs[1]].scale, NULL, &scale));
    for (size_t i = 0; i < op.n_inputs; i++)
        op.inputs[i] = importer->states[op.inputs[i]].whole;
    TRY(emit(importer, node, &op, false, NULL, out));
    TRY(emit_unary(importer, node, &round, *out, NULL, out));
    TRY(scales_spread(importer, node, *out, 1, &scale));
    TRY(emit_binary(importer, node, BINARY_MUL, *out, scale, output, out));
out:
    return status;
}

enum status node_convolve(struct importer *importer, const struct node *node, const int inputs[3],
                          const char *output, int *out) {
    enum status status;
    int x = inputs[0], weights = inputs[1], bias = inputs[2];
    struct op op = {
        .kind = OP_CONV, .n_inputs = bias < 0 ? 2 : 3, .inputs = {x, weights, bias}, .output = -1};
    const struct tensor_state *states = importer->states;
    if (x < 0 || weights < 0)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    const struct shape shape = importer->shapes[weights];
    TRY(node_window(importer, node, &shape, &op.window));
    if (states[x].whole != 0 && states[weights].whole != 0 &&
        importer->graph->tensors[weights].constant &&
        (bias < 0 ||
         (states[bias].whole != 0 &&
          bias_fits(importer, states[bias].scale, states[x].scale, states[weights].scale))))
        return convolve_whole(importer, node, &op, output, out);
    status = emit(importer, node, &op, false, output, out);
out:
    return status;
}

/* ConvInteger and MatMulInteger: without scales. */
enum status translate_integer(struct importer *importer, const struct node *node, int kind) {
    enum status status;
    int a = node_input(node, 0), b = node_input(node, 1), out;
    int zero_a = node_input(node, 2), zero_b = node_input(node, 3);
    const char *output = node->message->output[0];
    if (a < 0 || b < 0)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    if (zero_a >= 0 && shape_elements(&importer->shapes[zero_a]) != 1)
        return FAIL(STATUS_BAD_INPUT, "a zero point for each row is not supported");
    TRY(scales_spread(importer, node, a, 0, &zero_a));
    TRY(scales_spread(importer, node, b, kind == OP_CONV ? 0 : -1, &zero_b));
    TRY(integers_centre(importer, node, a, zero_a, &a));
    TRY(integers_centre(importer, node, b, zero_b, &b));
    if (kind == OP_CONV)
        return node_convolve(importer, node, (const int[]){a, b, -1}, output, &out);
    const struct op op = {.kind = OP_MATMUL, .n_inputs = 2, .inputs = {a, b}, .output = -1};
    status = emit(importer, node, &op, false, output, &out);
out:
    return status;
}

/* The result's integers; its scale is input `scale`. */
static enum status quantise_result(struct importer *importer, const struct node *node, int x,
                                   size_t scale) {
    int out;
    return numbers_quantise(importer, node, x, scheme_at(node, scale, 0), 0,
                            node->message->output[0], &out);
}

enum status translate_q_conv(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    int x = node_input(node, 0), weights = node_input(node, 3), bias = node_input(node, 8);
    struct scheme of_x = scheme_at(node, 1, 0), of_weights = scheme_at(node, 4, 0),
                  of_bias = {-1, -1, 0};
    if (of_x.scale < 0 || of_weights.scale < 0)
        return FAIL(STATUS_BAD_INPUT, "a scale is missing");
    if (bias >= 0) {
        TRY(emit_binary(importer, node, BINARY_MUL, of_x.scale, of_weights.scale, NULL,
                        &of_bias.scale));
        TRY(integers_dequantise(importer, node, bias, of_bias, NULL, &bias));
    }
    TRY(integers_dequantise(importer, node, x, of_x, NULL, &x));
    TRY(integers_dequantise(importer, node, weights, of_weights, NULL, &weights));
    TRY(node_convolve(importer, node, (const int[]){x, weights, bias}, NULL, &x));
    status = quantise_result(importer, node, x, 6);
out:
    return status;
}

/* Two inputs, which have scales along these axes, by `op`. */
static enum status combine(struct importer *importer, const struct node *node, struct op op,
                           int64_t axis_a, int64_t axis_b) {
    enum status status;
    int x;
    op.n_inputs = 2;
    op.output = -1;
    TRY(integers_dequantise(importer, node, node_input(node, 0), scheme_at(node, 1, axis_a), NULL,
                            &op.inputs[0]));
    TRY(integers_dequantise(importer, node, node_input(node, 3), scheme_at(node, 4, axis_b), NULL,
                            &op.inputs[1]));
    TRY(emit(importer, node, &op, false, NULL, &x));
    status = quantise_result(importer, node, x, 6);
out:
    return status;
}

enum status translate_q_matmul(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    return combine(importer, node, (struct op){.kind = OP_MATMUL}, -2, -1);
}

enum status translate_q_binary(struct importer *importer, const struct node *node, int binary) {
    return combine(importer, node, (struct op){.kind = OP_BINARY, .binary = (enum binary)binary}, 0,
                   0);
}

enum status translate_q_activation(struct importer *importer, const struct node *node,
                                   int activation) {
    enum status status;
    int x;
    const struct op op = {.unary = UNARY_ACTIVATION,
                          .activation = (enum activation)activation,
                          .alpha = node_float(node, "alpha", 0.01f)};
    TRY(integers_dequantise(importer, node, node_input(node, 0), scheme_at(node, 1, 0), NULL, &x));
    TRY(emit_unary(importer, node, &op, x, NULL, &x));
    status = quantise_result(importer, node, x, 3);
out:
    return status;
}

enum status translate_q_pool(struct importer *importer, const struct node *node, int kind) {
    enum status status;
    int x;
    struct op op = {.kind = (enum op_kind)kind,
                    .n_inputs = 1,
                    .output = -1,
                    .reduce = REDUCE_MEAN,
                    .keep_dims = true,
                    .n_axes = 2,
                    .axes = {2, 3}};
    if (node_int(node, "channels_last", 0) != 0)
        return FAIL(STATUS_BAD_INPUT, "maps with their channels last are not supported");
    TRY(integers_dequantise(importer, node, node_input(node, 0), scheme_at(node, 1, 0), NULL, &x));
    op.inputs[0] = x;
    op.pool_count_padding = node_int(node, "count_include_pad", 0) != 0;
    if (kind == OP_AVERAGE_POOL)
        TRY(node_window(importer, node, NULL, &op.window));
    TRY(emit(importer, node, &op, false, NULL, &x));
    status = quantise_result(importer, node, x, 3);
out:
    return status;
}

/* The result's scale and zero come first, then each input with its own. */
enum status translate_q_concat(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status = STATUS_OK;
    struct op op = {.kind = OP_CONCAT, .output = -1};
    const struct shape *first = node_shape(importer, node, 2);
    int x;
    if (first == NULL || (node->n_inputs - 2) % 3 != 0)
        return FAIL(STATUS_BAD_INPUT, "its inputs are not threes");
    TRY(axis_of(node_int(node, "axis", 0), first->rank, &op.axis));
    for (size_t i = 2; i < node->n_inputs; i += 3)
        TRY(integers_dequantise(importer, node, node_input(node, i), scheme_at(node, i + 1, 0),
                                NULL, &op.inputs[op.n_inputs++]));
    TRY(emit(importer, node, &op, false, NULL, &x));
    status = quantise_result(importer, node, x, 0);
out:
    return status;
}
