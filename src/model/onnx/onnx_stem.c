/* What a network does first with the picture's pixels. */
#include "model/onnx/onnx_stem.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

enum { COLOURS = 3, MOST_CHANNELS = 64 };
static const float LEVELS = 255.0f;

/* A convolution that reads pixels: which colour each of its input's channels is. */
struct reader {
    size_t n_channels;
    size_t colours[MOST_CHANNELS];
};

enum status stem_find_pixels(const struct graph *graph, bool **pixels) {
    enum status status;
    TRY(memory_zeroed(graph->n_tensors, sizeof **pixels, pixels));
    (*pixels)[graph->input] = true;
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct op *op = &graph->ops[i];
        bool moves = op->kind != OP_UNKNOWN && op_moves(graph, op) && op->n_inputs > 0;
        for (size_t k = 0; moves && k < op->n_inputs; k++)
            moves = op->inputs[k] >= 0 && (*pixels)[op->inputs[k]];
        (*pixels)[op->output] = moves;
    }
out:
    return status;
}

/* Whether an operator takes pixels and does not just move them. */
static bool reads_pixels(const struct op *op, const bool *pixels) {
    bool reads = false;
    for (size_t k = 0; k < op->n_inputs; k++)
        reads = reads || (op->inputs[k] >= 0 && pixels[op->inputs[k]]);
    return reads && !pixels[op->output];
}

/* Whether it is a convolution whose weights can be replaced. */
static bool is_plain(const struct graph *graph, const struct op *op) {
    if (op->kind != OP_CONV || op->n_inputs < 2 || op->inputs[1] < 0 || op->window.group != 1)
        return false;
    const struct tensor *weights = &graph->tensors[op->inputs[1]];
    return weights->constant && weights->dtype == DTYPE_F32 && weights->shape.rank == 4 &&
           weights->shape.dims[1] <= MOST_CHANNELS;
}

/* Follows the channels of a convolution's input back to the picture. *good: each is of one colour.
 */
static enum status read_colours(const struct head_search *search, const struct op *op,
                                struct reader *reader, bool *good) {
    enum status status;
    struct subgraph subgraph = {0};
    int64_t first[SUBGRAPH_SOURCES + 1], *ids = NULL;
    const struct shape *shape = &search->shapes[op->inputs[0]];
    int64_t plane = search->height * search->width;
    TRY(subgraph_open(search, op->inputs[0], NULL, NULL, &subgraph, good));
    *good = *good && subgraph.n_sources == 1 && subgraph.sources[0] == search->graph->input &&
            shape->rank == 4 && shape->dims[1] <= MOST_CHANNELS &&
            shape->dims[1] == search->graph->tensors[op->inputs[1]].shape.dims[1];
    if (*good)
        TRY(subgraph_trace(&subgraph, first, &ids, good));
    *good = *good && ids != NULL && head_spend(search, (uint64_t)shape_elements(shape), 4);
    if (!*good)
        goto out;
    reader->n_channels = (size_t)shape->dims[1];
    size_t cells = (size_t)(shape->dims[2] * shape->dims[3]);
    for (size_t c = 0; c < reader->n_channels && cells > 0; c++) {
        reader->colours[c] = (size_t)(ids[c * cells] / plane);
        for (size_t i = 0; i < cells && *good; i++)
            *good = (size_t)(ids[c * cells + i] / plane) == reader->colours[c];
    }
out:
    head_release(search, ids);
    subgraph_close(&subgraph);
    return status;
}

/* Whether the input's channels are the pixels of cells of 2 x 2. */
static bool is_focus(const struct head_search *search, const struct op *op) {
    const struct shape *shape = &search->shapes[op->inputs[0]];
    return shape->dims[1] == (int64_t)4 * COLOURS && 2 * shape->dims[2] == search->height &&
           2 * shape->dims[3] == search->width;
}

/* What the outputs of a convolution are at most for inputs from 0 to 1, on average. */
static double gain_of(const struct tensor *weights) {
    const float *values = weights->data;
    double sum = 0;
    int64_t n = shape_elements(&weights->shape);
    for (int64_t i = 0; i < n; i++)
        sum += fabs((double)values[i]);
    return weights->shape.dims[0] > 0 ? sum / (double)weights->shape.dims[0] : 0;
}

enum status stem_read(const struct head_search *search, struct stem *stem) {
    enum status status;
    const struct graph *graph = search->graph;
    struct head_pool pool = {0};
    struct head_search own = *search;
    bool *pixels = NULL;
    size_t n = 0;
    own.pool = &pool;
    *stem = (struct stem){.plain = true};
    TRY(stem_find_pixels(graph, &pixels));
    for (size_t i = 0; i < graph->n_ops && stem->plain; i++) {
        const struct op *op = &graph->ops[i];
        struct reader reader;
        if (!reads_pixels(op, pixels))
            continue;
        stem->plain = is_plain(graph, op) && pixels[op->inputs[0]];
        if (stem->plain)
            TRY(read_colours(&own, op, &reader, &stem->plain));
        if (!stem->plain)
            break;
        stem->focus = is_focus(&own, op);
        stem->gain = gain_of(&graph->tensors[op->inputs[1]]);
        n++;
    }
    stem->plain = stem->plain && n == 1;
out:
    head_pool_free(&pool);
    free(pixels);
    return status;
}

/* Gives a convolution weights of its own, the colours turned round and for pixels up to 1. */
static enum status turn(struct importer *importer, size_t index, const struct reader *reader) {
    enum status status;
    struct graph *graph = importer->graph;
    int old = graph->ops[index].inputs[1], new;
    struct shape shape = graph->tensors[old].shape;
    TRY(importer_constant(importer, NULL, DTYPE_F32, &shape, &new));
    const float *from = graph->tensors[old].data;
    float *to = graph->tensors[new].data;
    size_t taps = (size_t)(shape.dims[2] * shape.dims[3]), n = reader->n_channels;
    for (size_t o = 0; o < (size_t)shape.dims[0]; o++)
        for (size_t c = 0; c < n; c++) {
            /* The channel of the same place in a cell, of the colour at the other end. */
            size_t twin = c + COLOURS - 1 - 2 * reader->colours[c];
            for (size_t t = 0; t < taps; t++)
                to[(o * n + c) * taps + t] = LEVELS * from[(o * n + twin) * taps + t];
        }
    graph->ops[index].inputs[1] = new;
out:
    return status;
}

/* Whether the channels are the three colours in turn, which turning them round relies on. */
static bool are_in_turn(const struct reader *reader) {
    for (size_t c = 0; c < reader->n_channels; c++)
        if (reader->colours[c] != c % COLOURS)
            return false;
    return reader->n_channels % COLOURS == 0;
}

enum status stem_take_bgr_levels(struct importer *importer, const struct head_search *search) {
    enum status status;
    struct graph *graph = importer->graph;
    struct head_pool pool = {0};
    struct head_search own = *search;
    bool *pixels = NULL, good;
    own.pool = &pool;
    TRY(stem_find_pixels(graph, &pixels));
    for (size_t i = 0; i < graph->n_ops; i++) {
        struct reader reader;
        if (!reads_pixels(&graph->ops[i], pixels))
            continue;
        TRY(read_colours(&own, &graph->ops[i], &reader, &good));
        if (!good || !are_in_turn(&reader)) {
            status = FAIL(STATUS_BAD_INPUT, "is a YOLOX model whose first convolution reads the "
                                            "picture's colours in an order that is not YOLOX's");
            goto out;
        }
        TRY(turn(importer, i, &reader));
        break; /* the only one */
    }
out:
    head_pool_free(&pool);
    free(pixels);
    return status;
}
