/* Layers, one after the other, as operators. */
#include "model/build.h"

#include <string.h>

/* Adds an operator and the tensor that it computes; *op is valid until the next one. */
static enum status append(struct graph *graph, enum op_kind kind, struct layer layer,
                          const int *inputs, size_t n_inputs, int *out, struct op **op) {
    enum status status;
    size_t index;
    if (n_inputs > GRAPH_INPUTS)
        return FAIL(STATUS_BAD_INPUT, "%.200s (%.100s): has %zu inputs; %d are supported",
                    layer.name, layer.type, n_inputs, GRAPH_INPUTS);
    TRY(graph_add_op(graph, kind, layer.name, layer.type, &index));
    *op = &graph->ops[index];
    (*op)->n_inputs = n_inputs;
    memcpy((*op)->inputs, inputs, n_inputs * sizeof *inputs);
    TRY(graph_add_tensor(graph, layer.name, out));
    (*op)->output = *out;
out:
    return status;
}

enum status build_input(struct graph *graph) {
    return graph_add_tensor(graph, "images", &graph->input);
}

enum status build_constant(struct graph *graph, const char *name, const struct shape *shape,
                           int *tensor, float **elements) {
    enum status status;
    TRY(graph_add_tensor(graph, name, tensor));
    TRY(graph_make_constant(graph, *tensor, DTYPE_F32, shape));
    *elements = graph->tensors[*tensor].data;
out:
    return status;
}

static enum status append_window(struct graph *graph, enum op_kind kind, struct layer layer,
                                 const int *inputs, size_t n_inputs, const struct window *window,
                                 int *out) {
    struct op *op;
    enum status status = append(graph, kind, layer, inputs, n_inputs, out, &op);
    if (status == STATUS_OK)
        op->window = *window;
    return status;
}

enum status build_conv(struct graph *graph, struct layer layer, int x, int weights, int bias,
                       const struct window *window, int *out) {
    return append_window(graph, OP_CONV, layer, (int[]){x, weights, bias}, bias < 0 ? 2 : 3, window,
                         out);
}

enum status build_conv_transpose(struct graph *graph, struct layer layer, int x, int weights,
                                 int bias, const struct window *window, int *out) {
    return append_window(graph, OP_CONV_TRANSPOSE, layer, (int[]){x, weights, bias},
                         bias < 0 ? 2 : 3, window, out);
}

enum status build_batch_norm(struct graph *graph, struct layer layer, int x,
                             const int parameters[4], float epsilon, int *out) {
    struct op *op;
    const int inputs[] = {x, parameters[0], parameters[1], parameters[2], parameters[3]};
    enum status status = append(graph, OP_BATCH_NORM, layer, inputs, 5, out, &op);
    if (status == STATUS_OK)
        op->alpha = epsilon;
    return status;
}

enum status build_activation(struct graph *graph, struct layer layer, int x,
                             enum activation activation, float alpha, float beta, int *out) {
    enum status status = STATUS_OK;
    struct op *op;
    if (activation == ACTIVATION_NONE) {
        *out = x;
        return STATUS_OK;
    }
    TRY(append(graph, OP_UNARY, layer, &x, 1, out, &op));
    op->unary = UNARY_ACTIVATION;
    op->activation = activation;
    op->alpha = alpha;
    op->beta = beta;
out:
    return status;
}

enum status build_max_pool(struct graph *graph, struct layer layer, int x,
                           const struct window *window, int *out) {
    return append_window(graph, OP_MAX_POOL, layer, &x, 1, window, out);
}

enum status build_average_pool(struct graph *graph, struct layer layer, int x,
                               const struct window *window, bool count_padding, int *out) {
    struct op *op;
    enum status status = append(graph, OP_AVERAGE_POOL, layer, &x, 1, out, &op);
    if (status == STATUS_OK) {
        op->window = *window;
        op->pool_count_padding = count_padding;
    }
    return status;
}

enum status build_mean(struct graph *graph, struct layer layer, int x, int *out) {
    struct op *op;
    enum status status = append(graph, OP_REDUCE, layer, &x, 1, out, &op);
    if (status == STATUS_OK) {
        op->reduce = REDUCE_MEAN;
        op->keep_dims = true;
        op->n_axes = 2;
        op->axes[0] = 2;
        op->axes[1] = 3;
    }
    return status;
}

enum status build_resize(struct graph *graph, struct layer layer, int x, float scale, int *out) {
    struct op *op;
    enum status status = append(graph, OP_RESIZE, layer, &x, 1, out, &op);
    if (status == STATUS_OK)
        op->scale[0] = op->scale[1] = scale;
    return status;
}

enum status build_concat(struct graph *graph, struct layer layer, const int *inputs,
                         size_t n_inputs, int64_t axis, int *out) {
    struct op *op;
    enum status status = append(graph, OP_CONCAT, layer, inputs, n_inputs, out, &op);
    if (status == STATUS_OK)
        op->axis = axis;
    return status;
}

enum status build_slice(struct graph *graph, struct layer layer, int x, int64_t axis,
                        struct slice_range range, int *out) {
    enum status status;
    struct op *op;
    if (axis < 0 || axis >= GRAPH_RANK)
        return FAIL(STATUS_BAD_INPUT, "%.200s (%.100s): slices axis %lld", layer.name, layer.type,
                    (long long)axis);
    TRY(append(graph, OP_SLICE, layer, &x, 1, out, &op));
    for (size_t i = 0; i < GRAPH_RANK; i++)
        op->slice[i] = (struct slice_range){0, INT64_MAX, 1};
    op->slice[axis] = range;
out:
    return status;
}

enum status build_binary(struct graph *graph, struct layer layer, enum binary binary, int a, int b,
                         int *out) {
    struct op *op;
    enum status status = append(graph, OP_BINARY, layer, (int[]){a, b}, 2, out, &op);
    if (status == STATUS_OK)
        op->binary = binary;
    return status;
}

enum status build_pad(struct graph *graph, struct layer layer, int x, const int64_t pad[4],
                      float value, int *out) {
    enum status status;
    struct op *op;
    TRY(append(graph, OP_PAD, layer, &x, 1, out, &op));
    /* All begins of the four axes, then all ends. */
    op->pads[2] = pad[0];
    op->pads[3] = pad[1];
    op->pads[6] = pad[2];
    op->pads[7] = pad[3];
    op->pad_value = value;
out:
    return status;
}

enum status build_softmax(struct graph *graph, struct layer layer, int x, int64_t axis, int *out) {
    struct op *op;
    enum status status = append(graph, OP_SOFTMAX, layer, &x, 1, out, &op);
    if (status == STATUS_OK)
        op->axis = axis;
    return status;
}

enum status build_matmul(struct graph *graph, struct layer layer, int a, int b, int *out) {
    struct op *op;
    return append(graph, OP_MATMUL, layer, (int[]){a, b}, 2, out, &op);
}

enum status build_transpose(struct graph *graph, struct layer layer, int x, size_t rank,
                            const size_t *permutation, int *out) {
    enum status status;
    struct op *op;
    if (rank > GRAPH_RANK)
        return FAIL(STATUS_BAD_INPUT, "%.200s (%.100s): %zu dimensions are more than %d",
                    layer.name, layer.type, rank, GRAPH_RANK);
    TRY(append(graph, OP_TRANSPOSE, layer, &x, 1, out, &op));
    memcpy(op->permutation, permutation, rank * sizeof *permutation);
out:
    return status;
}

enum status build_reshape(struct graph *graph, struct layer layer, int x, size_t rank,
                          const struct reshape_dim *dims, int *out) {
    enum status status;
    struct op *op;
    if (rank > GRAPH_RANK)
        return FAIL(STATUS_BAD_INPUT, "%.200s (%.100s): %zu dimensions are more than %d",
                    layer.name, layer.type, rank, GRAPH_RANK);
    TRY(append(graph, OP_RESHAPE, layer, &x, 1, out, &op));
    op->n_reshape = rank;
    memcpy(op->reshape, dims, rank * sizeof *dims);
out:
    return status;
}
