/* Folds what makes a picture grey into the convolutions behind it. */
#include "model/grey.h"

#include <string.h>

#include "model/links.h"

/* A convolution of the picture to one channel, pixel by pixel. */
static bool is_grey(const struct graph *graph, const struct op *op) {
    const struct window *window = &op->window;
    if (op->kind != OP_CONV || op->n_inputs != 2 || op->inputs[0] != graph->input ||
        op->activation != ACTIVATION_NONE || !graph->tensors[op->inputs[1]].constant)
        return false;
    const struct shape shape = {4, {1, 3, 1, 1}};
    return shape_equal(&graph->tensors[op->inputs[1]].shape, &shape) && window->stride[0] == 1 &&
           window->stride[1] == 1 && window->pad[0] == 0 && window->pad[1] == 0 &&
           window->pad[2] == 0 && window->pad[3] == 0;
}

/* Whether an operator is a convolution of the grey alone, with weights that may be changed. */
static bool reads_grey(const struct graph *graph, const struct links *links, const struct op *op,
                       int grey) {
    return op->kind == OP_CONV && op->inputs[0] == grey && op->window.group == 1 &&
           op->inputs[1] != grey && graph->tensors[op->inputs[1]].constant &&
           graph->tensors[op->inputs[1]].dtype == DTYPE_F32 &&
           graph->tensors[op->inputs[1]].shape.rank == 4 &&
           graph->tensors[op->inputs[1]].shape.dims[1] == 1 && links->uses[op->inputs[1]] == 1;
}

/* Gives an operator weights for three channels. */
static enum status spread(struct graph *graph, struct op *op, const float parts[3]) {
    enum status status;
    int weights;
    struct shape shape = graph->tensors[op->inputs[1]].shape;
    size_t filters = (size_t)shape.dims[0], taps = (size_t)(shape.dims[2] * shape.dims[3]);
    shape.dims[1] = 3;
    TRY(graph_add_tensor(graph, graph->tensors[op->inputs[1]].name, &weights));
    TRY(graph_make_constant(graph, weights, DTYPE_F32, &shape));
    const float *from = graph->tensors[op->inputs[1]].data;
    float *to = graph->tensors[weights].data;
    for (size_t f = 0; f < filters; f++)
        for (size_t c = 0; c < 3; c++)
            for (size_t t = 0; t < taps; t++)
                to[(f * 3 + c) * taps + t] = from[f * taps + t] * parts[c];
    op->inputs[0] = graph->input;
    op->inputs[1] = weights;
out:
    return status;
}

enum status graph_fold_grey(struct graph *graph) {
    enum status status;
    struct links links = {0};
    float parts[3];
    TRY(links_build(&links, graph));
    for (size_t i = 0; i < graph->n_ops; i++) {
        int grey = graph->ops[i].output;
        size_t readers = 0, n_ops = graph->n_ops;
        if (!is_grey(graph, &graph->ops[i]))
            continue;
        memcpy(parts, graph->tensors[graph->ops[i].inputs[1]].data, sizeof parts);
        for (size_t k = 0; k < n_ops; k++)
            readers += reads_grey(graph, &links, &graph->ops[k], grey);
        for (size_t k = 0; readers == links.uses[grey] && k < n_ops; k++)
            if (reads_grey(graph, &links, &graph->ops[k], grey))
                TRY(spread(graph, &graph->ops[k], parts));
        break;
    }
out:
    links_free(&links);
    return status;
}
