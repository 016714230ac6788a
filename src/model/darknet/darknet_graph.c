/* A Darknet network as a graph. */
#include "model/darknet/darknet_graph.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/build.h"

/* Added to the variance. */
static const float EPSILON = 1e-5f;
/* Added to the variance's root, in files of those that do that. */
static const double ROOT_EPSILON = 1e-6;

/* What each layer computes. */
struct maps {
    int out, raw; /* tensors; raw: of a convolution, before its activation */
};

struct builder {
    const struct darknet_net *net;
    struct darknet_weights *weights;
    struct graph *graph;
    struct maps *maps; /* by layer */
};

/* A constant of this shape, filled from the file. */
static enum status read_constant(struct builder *builder, const struct darknet_layer *layer,
                                 struct layer about, const struct shape *shape, int *tensor) {
    enum status status;
    float *elements;
    TRY(build_constant(builder->graph, about.name, shape, tensor, &elements));
    TRY(darknet_weights_read(builder->weights, layer, elements, (size_t)shape_elements(shape)));
out:
    return status;
}

/* Reads the variances of a layer. Where something is added to their roots, it is in them, so that
 * nothing remains to be added. */
static enum status read_variances(struct builder *builder, const struct darknet_layer *layer,
                                  struct layer about, const struct shape *channels, int *tensor) {
    enum status status;
    TRY(read_constant(builder, layer, about, channels, tensor));
    float *values = builder->graph->tensors[*tensor].data;
    for (int64_t i = 0; i < channels->dims[0]; i++) {
        if (values[i] < 0) {
            status = SECTION_FAIL(layer->section, "--weights has a negative variance for it: "
                                                  "the file is damaged, or of another .cfg");
            goto out;
        }
        double root = sqrt((double)values[i]) + ROOT_EPSILON;
        if (builder->weights->added_to_root)
            values[i] = (float)(root * root);
    }
out:
    return status;
}

static enum status build_convolutional(struct builder *builder, const struct darknet_layer *layer,
                                       struct layer about, int x, struct maps *maps) {
    enum status status;
    const struct window *window = &layer->window;
    const struct shape channels = {1, {layer->out.channels}},
                       kernel = {4,
                                 {layer->out.channels, layer->in.channels / window->group,
                                  window->kernel[0], window->kernel[1]}};
    int bias, weights, scale, mean, variance;
    TRY(read_constant(builder, layer, about, &channels, &bias));
    if (layer->batch_normalize) {
        TRY(read_constant(builder, layer, about, &channels, &scale));
        TRY(read_constant(builder, layer, about, &channels, &mean));
        TRY(read_variances(builder, layer, about, &channels, &variance));
    }
    TRY(read_constant(builder, layer, about, &kernel, &weights));
    if (layer->batch_normalize) {
        int sum;
        TRY(build_conv(builder->graph, about, x, weights, -1, window, &sum));
        TRY(build_batch_norm(builder->graph, about, sum, (int[]){scale, bias, mean, variance},
                             builder->weights->added_to_root ? 0.0f : EPSILON, &maps->raw));
    } else {
        TRY(build_conv(builder->graph, about, x, weights, bias, window, &maps->raw));
    }
    TRY(build_activation(builder->graph, about, maps->raw, layer->activation, layer->alpha, 0,
                         &maps->out));
out:
    return status;
}

static enum status build_route(struct builder *builder, const struct darknet_layer *layer,
                               struct layer about, int *out) {
    enum status status = STATUS_OK;
    int parts[CFG_LIST] = {0};
    for (size_t i = 0; i < layer->n_from; i++) {
        const struct darknet_layer *from = &builder->net->layers[layer->from[i]];
        int64_t channels = from->out.channels / layer->groups;
        parts[i] = builder->maps[layer->from[i]].out;
        if (layer->groups > 1)
            TRY(build_slice(
                builder->graph, about, parts[i], 1,
                (struct slice_range){layer->group * channels, (layer->group + 1) * channels, 1},
                &parts[i]));
    }
    *out = parts[0];
    if (layer->n_from > 1)
        TRY(build_concat(builder->graph, about, parts, layer->n_from, 1, out));
out:
    return status;
}

static enum status build_shortcut(struct builder *builder, const struct darknet_layer *layer,
                                  struct layer about, int x, int *out) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < layer->n_from; i++)
        TRY(build_binary(builder->graph, about, BINARY_ADD, x, builder->maps[layer->from[i]].out,
                         &x));
    TRY(build_activation(builder->graph, about, x, layer->activation, layer->alpha, 0, out));
out:
    return status;
}

static enum status build_layer(struct builder *builder, size_t index) {
    enum status status = STATUS_OK;
    const struct darknet_layer *layer = &builder->net->layers[index];
    struct graph *graph = builder->graph;
    struct maps *maps = &builder->maps[index];
    int x = index == 0 ? graph->input : maps[-1].out;
    char name[32];
    snprintf(name, sizeof name, "layer %zu", index);
    struct layer about = {name, layer->section->name};
    switch (layer->kind) {
    case DARKNET_CONVOLUTIONAL:
        TRY(build_convolutional(builder, layer, about, x, maps));
        break;
    case DARKNET_MAX_POOL:
        TRY(build_max_pool(graph, about, x, &layer->window, &maps->out));
        break;
    case DARKNET_UPSAMPLE:
        TRY(build_resize(graph, about, x, (float)layer->scale, &maps->out));
        break;
    case DARKNET_ROUTE:
        TRY(build_route(builder, layer, about, &maps->out));
        break;
    case DARKNET_SHORTCUT:
        TRY(build_shortcut(builder, layer, about, x, &maps->out));
        break;
    case DARKNET_DROPOUT:
    case DARKNET_YOLO:
        maps->out = x;
        break;
    }
out:
    return status;
}

/* Adds a [yolo] layer to the head: a level for each head->n_anchors of its anchors. */
static enum status add_levels(const struct builder *builder, size_t index, struct head *head) {
    const struct darknet_layer *layer = &builder->net->layers[index];
    const struct maps *map = &builder->maps[index - 1];
    for (size_t first = 0; first < layer->n_anchors; first += head->n_anchors) {
        size_t at = head->n_levels;
        if (at == GRAPH_LEVELS)
            return SECTION_FAIL(layer->section, "the head has more than %d levels of %zu anchors",
                                GRAPH_LEVELS, head->n_anchors);
        for (; at > 0 && head->levels[at - 1].stride > layer->stride; at--)
            head->levels[at] = head->levels[at - 1];
        struct head_level level = {.stride = layer->stride,
                                   .box_channel = first * (5 + layer->n_classes),
                                   .scale_xy = layer->new_coords ? 0 : layer->scale_xy};
        level.boxes = level.scores = layer->new_coords ? map->raw : map->out;
        memcpy(level.anchors, layer->anchors + first, head->n_anchors * sizeof *level.anchors);
        head->levels[at] = level;
        head->n_levels++;
    }
    return STATUS_OK;
}

static size_t common_divisor(size_t a, size_t b) {
    return b == 0 ? a : common_divisor(b, a % b);
}

static enum status build_head(const struct builder *builder) {
    enum status status = STATUS_OK;
    const struct darknet_net *net = builder->net;
    struct head *head = &builder->graph->head;
    *head = (struct head){.kind = HEAD_ANCHOR, .bins = 1};
    for (size_t i = 0; i < net->n_layers; i++) {
        const struct darknet_layer *layer = &net->layers[i];
        if (layer->kind != DARKNET_YOLO)
            continue;
        head->n_classes = layer->n_classes;
        head->n_anchors = common_divisor(layer->n_anchors, head->n_anchors);
    }
    for (size_t i = 0; i < net->n_layers; i++)
        if (net->layers[i].kind == DARKNET_YOLO)
            TRY(add_levels(builder, i, head));
out:
    return status;
}

enum status darknet_graph(const struct darknet_net *net, struct darknet_weights *weights,
                          struct graph *graph) {
    enum status status;
    struct builder builder = {net, weights, graph, NULL};
    TRY(memory_zeroed(net->n_layers, sizeof *builder.maps, &builder.maps));
    TRY(build_input(graph));
    for (size_t i = 0; i < net->n_layers; i++)
        TRY(build_layer(&builder, i));
    TRY(build_head(&builder));
out:
    free(builder.maps);
    return status;
}
