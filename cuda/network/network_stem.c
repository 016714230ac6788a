/* A first convolution of stride 2, folded: cells of 2x2 pixels as channels, so that it becomes one
 * of stride 1 over a quarter of the cells, with the channels that tensor cores want. The products
 * and their sum are the same. */
#include "cuda/network/network_plan.h"

enum { COLOURS = 3 };

/* Nothing else reads the picture. */
static bool reads_alone(const struct graph *graph, const struct op *op) {
    for (size_t i = 0; i < graph->n_ops; i++)
        for (size_t k = 0; k < graph->ops[i].n_inputs; k++)
            if (graph->ops[i].inputs[k] == graph->input && (&graph->ops[i] != op || k != 0))
                return false;
    for (size_t i = 0; i < graph->head.n_levels; i++)
        if (graph->head.levels[i].boxes == graph->input ||
            graph->head.levels[i].scores == graph->input)
            return false;
    return true;
}

/* On one axis, output i of the convolution reads the pixels from 2 i - pad on: the cells from
 * i - before on. Where more cells are missing before the picture than behind it, as many as that
 * become a border of zeros, since not every engine of cuDNN pads one side only. */
static bool fold_axis(const struct window *window, size_t axis, size_t size, struct fold *fold) {
    int64_t kernel = window->kernel[axis], pad = window->pad[axis];
    if (window->stride[axis] != 2 || window->dilation[axis] != 1 || kernel < 2 || pad < 0 ||
        pad >= kernel || size % 2)
        return false;
    int64_t before = (pad + 1) / 2, last = (kernel - 1 - pad) / 2;
    int64_t out = (int64_t)conv_out_size(size, window, axis);
    int64_t behind = out + last - (int64_t)size / 2;
    if (behind < 0 || before < behind || before - behind >= (int64_t)size / 2)
        return false;
    fold->border[axis] = before - behind;
    fold->shift[axis] = pad - 2 * before;
    fold->window.kernel[axis] = before + last + 1;
    fold->window.pad[axis] = fold->window.pad[axis + 2] = behind;
    return true;
}

bool stem_fold(struct network *network, const struct op *op, struct fold *fold) {
    struct feature *input = &network->features[network->input];
    if (op->inputs[0] != network->graph->input || op->window.group != 1 ||
        input->channels != COLOURS || !reads_alone(network->graph, op))
        return false;
    *fold = (struct fold){
        .window = {.stride = {1, 1}, .dilation = {1, 1}, .group = 1},
        .colours = COLOURS,
    };
    if (!fold_axis(&op->window, 0, input->height, fold) ||
        !fold_axis(&op->window, 1, input->width, fold))
        return false;
    input->channels = (size_t)4 * COLOURS;
    input->height = input->height / 2 + (size_t)fold->border[0];
    input->width = input->width / 2 + (size_t)fold->border[1];
    input->pitch = channels_aligned(input->element, input->channels);
    return true;
}
