/* Sections of a .cfg to layers. Keys, defaults and sizes are those of Darknet's own parser
 * (github.com/AlexeyAB/darknet, src/parser.c). */
#include "model/darknet/darknet_layers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { MOST_CHANNELS = 1 << 20, MOST_SIDE = 1 << 16 };
static const int64_t MOST_ELEMENTS = (int64_t)1 << 30; /* of one layer's output */

static enum status read_activation(const struct darknet_reader *reader, const char *fallback,
                                   struct darknet_layer *layer) {
    static const struct {
        const char *name;
        enum activation activation;
        float alpha;
    } known[] = {
        {"linear", ACTIVATION_NONE, 0}, {"leaky", ACTIVATION_LEAKY_RELU, 0.1f},
        {"mish", ACTIVATION_MISH, 0},   {"logistic", ACTIVATION_SIGMOID, 0},
        {"relu", ACTIVATION_RELU, 0},   {"swish", ACTIVATION_SILU, 0},
        {"silu", ACTIVATION_SILU, 0},
    };
    const char *name = cfg_text(reader->cfg, reader->section, "activation", fallback);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i].name) == 0) {
            layer->activation = known[i].activation;
            layer->alpha = known[i].alpha;
            return STATUS_OK;
        }
    return SECTION_FAIL(reader->section,
                        "activation=%.40s is not supported; linear, leaky, mish, logistic, relu, "
                        "swish and silu are",
                        name);
}

/* stride, or stride_y and stride_x, and size: what convolutions and pools have in common. */
static enum status read_window(const struct darknet_reader *reader, int64_t fallback_size,
                               struct window *window) {
    enum status status;
    int64_t stride, size;
    TRY(section_integer(reader, "stride", 1, 1, 64, &stride));
    TRY(section_integer(reader, "stride_y", stride, 1, 64, &window->stride[0]));
    TRY(section_integer(reader, "stride_x", stride, 1, 64, &window->stride[1]));
    TRY(section_integer(reader, "size", fallback_size == 0 ? stride : fallback_size, 1, 255,
                        &size));
    for (size_t i = 0; i < 2; i++) {
        window->kernel[i] = size;
        window->dilation[i] = 1;
    }
    window->group = 1;
out:
    return status;
}

/* How often a window fits a side; < 1 where it does not. */
static int64_t positions(const struct window *window, size_t axis, int64_t side) {
    int64_t room = side + window->pad[axis] + window->pad[axis + 2] -
                   window->dilation[axis] * (window->kernel[axis] - 1) - 1;
    return room < 0 ? 0 : room / window->stride[axis] + 1;
}

static void slide_window(struct darknet_layer *layer) {
    layer->out.height = positions(&layer->window, 0, layer->in.height);
    layer->out.width = positions(&layer->window, 1, layer->in.width);
}

static enum status read_convolutional(const struct darknet_reader *reader,
                                      struct darknet_layer *layer) {
    enum status status;
    struct window *window = &layer->window;
    int64_t padding, dilation;
    bool half;
    TRY(read_window(reader, 1, window));
    TRY(section_integer(reader, "filters", 1, 1, DARKNET_FILTERS, &layer->out.channels));
    TRY(section_integer(reader, "groups", 1, 1, DARKNET_FILTERS, &window->group));
    TRY(section_integer(reader, "dilation", 1, 1, 255, &dilation));
    TRY(section_switch(reader, "pad", &half));
    TRY(section_integer(reader, "padding", 0, 0, 255, &padding));
    TRY(section_switch(reader, "batch_normalize", &layer->batch_normalize));
    TRY(read_activation(reader, "logistic", layer));
    if (half)
        padding = window->kernel[0] / 2;
    if (window->kernel[0] == 1)
        dilation = 1;
    for (size_t i = 0; i < 4; i++)
        window->pad[i] = padding * dilation;
    window->dilation[0] = window->dilation[1] = dilation;
    if (layer->in.channels % window->group != 0 || layer->out.channels % window->group != 0) {
        status = SECTION_FAIL(reader->section,
                              "groups=%" PRId64 " does not divide the %" PRId64
                              " channels before it and its %" PRId64 " filters",
                              window->group, layer->in.channels, layer->out.channels);
        goto out;
    }
    slide_window(layer);
out:
    return status;
}

static enum status read_max_pool(const struct darknet_reader *reader, struct darknet_layer *layer) {
    enum status status;
    struct window *window = &layer->window;
    int64_t padding, size;
    TRY(read_window(reader, 0, window));
    /* The sum of both sides; one side is smaller than the window, so that each has a pixel. */
    size = window->kernel[0];
    TRY(section_integer(reader, "padding", size - 1, 0, 2 * (size - 1), &padding));
    for (size_t i = 0; i < 2; i++) {
        window->pad[i] = padding / 2;
        window->pad[i + 2] = padding - padding / 2;
    }
    layer->out.channels = layer->in.channels;
    slide_window(layer);
out:
    return status;
}

static enum status read_upsample(const struct darknet_reader *reader, struct darknet_layer *layer) {
    enum status status;
    int64_t scale;
    TRY(section_integer(reader, "stride", 2, 1, 64, &layer->scale));
    TRY(section_integer(reader, "scale", 1, 1, 1, &scale)); /* a factor of the values */
    layer->out = (struct darknet_size){layer->in.channels, layer->in.height * layer->scale,
                                       layer->in.width * layer->scale};
out:
    return status;
}

/* The layers that a key lists, counted from the front or, if negative, back from this one. */
static enum status read_from(const struct darknet_reader *reader, const char *key,
                             struct darknet_layer *layer) {
    enum status status;
    int64_t values[CFG_LIST], index = (int64_t)reader->index;
    const struct cfg_range range = {INT32_MIN, INT32_MAX, CFG_LIST, true};
    TRY(cfg_integers(reader->cfg, reader->section, key, range, values, &layer->n_from));
    if (layer->n_from == 0) {
        status = SECTION_FAIL(reader->section, "%s= is missing", key);
        goto out;
    }
    for (size_t i = 0; i < layer->n_from; i++) {
        int64_t at = values[i] < 0 ? index + values[i] : values[i];
        if (at < 0 || at >= index) {
            status = SECTION_FAIL(reader->section,
                                  "%s: %" PRId64 " is no layer before this one, which is %" PRId64,
                                  key, values[i], index);
            goto out;
        }
        if (reader->net->layers[at].kind == DARKNET_YOLO) {
            status = SECTION_FAIL(reader->section,
                                  "%s: %" PRId64 " is a [yolo] layer, which passes nothing on", key,
                                  values[i]);
            goto out;
        }
        layer->from[i] = (size_t)at;
    }
out:
    return status;
}

static enum status read_route(const struct darknet_reader *reader, struct darknet_layer *layer) {
    enum status status;
    TRY(read_from(reader, "layers", layer));
    TRY(section_integer(reader, "groups", 1, 1, DARKNET_FILTERS, &layer->groups));
    TRY(section_integer(reader, "group_id", 0, 0, layer->groups - 1, &layer->group));
    const struct darknet_size *first = &reader->net->layers[layer->from[0]].out;
    layer->out = (struct darknet_size){0, first->height, first->width};
    for (size_t i = 0; i < layer->n_from; i++) {
        const struct darknet_size *size = &reader->net->layers[layer->from[i]].out;
        if (size->height != first->height || size->width != first->width) {
            status = SECTION_FAIL(reader->section,
                                  "layers: maps of %" PRId64 "x%" PRId64 " and %" PRId64 "x%" PRId64
                                  " cannot stand side by side",
                                  first->width, first->height, size->width, size->height);
            goto out;
        }
        if (size->channels % layer->groups != 0) {
            status = SECTION_FAIL(reader->section,
                                  "groups=%" PRId64 " does not divide %" PRId64 " channels",
                                  layer->groups, size->channels);
            goto out;
        }
        layer->out.channels += size->channels / layer->groups;
    }
out:
    return status;
}

static enum status read_shortcut(const struct darknet_reader *reader, struct darknet_layer *layer) {
    enum status status;
    TRY(read_from(reader, "from", layer));
    TRY(read_activation(reader, "linear", layer));
    layer->out = layer->in;
    for (size_t i = 0; i < layer->n_from; i++) {
        const struct darknet_size *size = &reader->net->layers[layer->from[i]].out;
        if (memcmp(size, &layer->in, sizeof *size) != 0) {
            status = SECTION_FAIL(reader->section,
                                  "from: a map of %" PRId64 "x%" PRId64 "x%" PRId64
                                  " cannot be added to one of %" PRId64 "x%" PRId64 "x%" PRId64,
                                  size->channels, size->height, size->width, layer->in.channels,
                                  layer->in.height, layer->in.width);
            goto out;
        }
    }
out:
    return status;
}

static enum status read_dropout(const struct darknet_reader *reader, struct darknet_layer *layer) {
    (void)reader;
    layer->out = layer->in;
    return STATUS_OK;
}

static const struct {
    const char *name;
    enum darknet_kind kind;
    enum status (*read)(const struct darknet_reader *reader, struct darknet_layer *layer);
} sections[] = {
    {"convolutional", DARKNET_CONVOLUTIONAL, read_convolutional},
    {"conv", DARKNET_CONVOLUTIONAL, read_convolutional},
    {"maxpool", DARKNET_MAX_POOL, read_max_pool},
    {"max", DARKNET_MAX_POOL, read_max_pool},
    {"upsample", DARKNET_UPSAMPLE, read_upsample},
    {"route", DARKNET_ROUTE, read_route},
    {"shortcut", DARKNET_SHORTCUT, read_shortcut},
    {"dropout", DARKNET_DROPOUT, read_dropout},
    {"yolo", DARKNET_YOLO, darknet_yolo_read},
};

/* Keys that change what a layer computes in a way that is not understood here. */
static enum status check_keys(const struct darknet_reader *reader) {
    static const struct {
        const char *key, *harmless;
    } known[] = {
        {"antialiasing", "0"},   {"assisted_excitation", "0"},
        {"bin_output", "0"},     {"binary", "0"},
        {"deform", "0"},         {"dontload", "0"},
        {"dontloadscales", "0"}, {"maxpool_depth", "0"},
        {"rotate", "0"},         {"share_index", ""},
        {"stretch", "0"},        {"stretch_sway", "0"},
        {"sway", "0"},           {"weights_type", "none"},
        {"xnor", "0"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct cfg_option *option = cfg_find(reader->cfg, reader->section, known[i].key);
        if (option != NULL && strcmp(option->value, known[i].harmless) != 0)
            return LINE_FAIL(reader->section, option->line, "%s=%.40s is not supported",
                             option->key, option->value);
    }
    return STATUS_OK;
}

static enum status check_size(const struct darknet_reader *reader,
                              const struct darknet_layer *layer) {
    const struct darknet_size *out = &layer->out;
    if (out->height < 1 || out->width < 1)
        return SECTION_FAIL(reader->section,
                            "its window is larger than the map of %" PRId64 "x%" PRId64
                            " before it",
                            layer->in.width, layer->in.height);
    if (out->channels > MOST_CHANNELS || out->height > MOST_SIDE || out->width > MOST_SIDE ||
        out->channels * out->height > MOST_ELEMENTS / out->width)
        return SECTION_FAIL(reader->section,
                            "its map of %" PRId64 "x%" PRId64 "x%" PRId64 " is too large",
                            out->channels, out->height, out->width);
    return STATUS_OK;
}

static enum status read_layer(struct darknet_reader *reader, struct darknet_layer *layer) {
    enum status status;
    const struct darknet_net *net = reader->net;
    const char *name = reader->section->name;
    size_t i = 0, count = sizeof sections / sizeof sections[0];
    while (i < count && strcmp(sections[i].name, name) != 0)
        i++;
    if (i == count)
        return SECTION_FAIL(reader->section,
                            "is not supported; convolutional, maxpool, upsample, route, shortcut, "
                            "dropout and yolo are: convert the model to ONNX");
    layer->section = reader->section;
    layer->kind = sections[i].kind;
    layer->in = reader->index == 0 ? net->input : net->layers[reader->index - 1].out;
    if (reader->index > 0 && net->layers[reader->index - 1].kind == DARKNET_YOLO &&
        layer->kind != DARKNET_ROUTE)
        return SECTION_FAIL(reader->section,
                            "stands behind a [yolo] layer, which passes nothing on");
    TRY(check_keys(reader));
    TRY(sections[i].read(reader, layer));
    TRY(check_size(reader, layer));
out:
    return status;
}

static enum status read_input(const struct cfg *cfg, struct darknet_size *input) {
    enum status status;
    const struct cfg_section *section = cfg->sections;
    if (cfg->n_sections == 0)
        return FAIL(STATUS_BAD_INPUT, "has no sections: no Darknet .cfg");
    if (strcmp(section->name, "net") != 0 && strcmp(section->name, "network") != 0)
        return SECTION_FAIL(section, "a .cfg begins with [net]");
    TRY(cfg_integer(cfg, section, "width", 0, 1, MOST_SIDE, &input->width));
    TRY(cfg_integer(cfg, section, "height", 0, 1, MOST_SIDE, &input->height));
    TRY(cfg_integer(cfg, section, "channels", 3, 3, 3, &input->channels));
    if (input->width == 0 || input->height == 0)
        status = SECTION_FAIL(section, "%s= is missing", input->width == 0 ? "width" : "height");
out:
    return status;
}

enum status darknet_net_read(const struct cfg *cfg, struct darknet_net *net) {
    enum status status;
    *net = (struct darknet_net){0};
    TRY(read_input(cfg, &net->input));
    TRY(memory_zeroed(cfg->n_sections, sizeof *net->layers, &net->layers));
    for (size_t i = 1; i < cfg->n_sections; i++) {
        struct darknet_reader reader = {cfg, &cfg->sections[i], net, i - 1};
        TRY(read_layer(&reader, &net->layers[net->n_layers]));
        net->n_layers++;
    }
    TRY(darknet_yolo_check(net));
out:
    if (status != STATUS_OK)
        darknet_net_free(net);
    return status;
}

void darknet_net_free(struct darknet_net *net) {
    free(net->layers);
    *net = (struct darknet_net){0};
}
