/* Reading a PyTorch file: the network in it, its layers in their order, what it says of itself. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "model/grey.h"
#include "model/importer.h"
#include "model/torch/torch_module.h"

enum {
    MOST_LAYERS = 1024,
    MOST_WRAPPERS = 4, /* of the network, around the list of layers */
};

static bool is_object(const struct pickled *value) {
    return value != NULL && value->kind == PICKLED_OBJECT && pickled_get(value, "_modules") != NULL;
}

/* The network: the file's root, or, as training leaves it, the average of its weights over time or
 * else the weights in a table. */
static enum status find_network(const struct pickled *root, const struct pickled **network) {
    const struct pickled *average = pickled_get(root, "ema"), *plain = pickled_get(root, "model");
    *network = is_object(root) ? root : is_object(average) ? average : plain;
    if (is_object(*network))
        return STATUS_OK;
    const char *advice = torch_weights_advice(root);
    if (advice != NULL)
        return FAIL(STATUS_BAD_INPUT, "holds no network, weights alone perhaps (a state_dict): %s",
                    advice);
    return FAIL(STATUS_BAD_INPUT, "holds no network: give the .pt file that training saved "
                                  "(best.pt) or an ONNX export");
}

/* The list of layers, which may be inside wrappers, and the module that owns it. */
static enum status find_layers(const struct torch_import *import, const struct pickled *network,
                               const struct pickled **owner, struct torch_parts *layers) {
    enum status status;
    const struct pickled *inner = network;
    *owner = network;
    for (size_t i = 0; i < MOST_WRAPPERS && strcmp(torch_class(inner), "Sequential") != 0; i++) {
        *owner = inner;
        inner = torch_part(inner, "model");
        if (!is_object(inner))
            return FAIL(STATUS_BAD_INPUT,
                        "is a '%.100s', not a detection network that is known: %s",
                        pickled_class(network), torch_advice(pickled_class(network)));
    }
    TRY(torch_parts(import, inner, NULL, layers));
    if (layers->count == 0 || layers->count > MOST_LAYERS)
        status = FAIL(STATUS_BAD_INPUT, "damaged: it has %zu layers", layers->count);
out:
    return status;
}

/* The tensors that layer `index` takes: attribute `f` is a number or a list of them; -1, and what
 * is missing, is the layer before. */
static enum status layer_inputs(const struct torch_import *import, const struct pickled *layer,
                                size_t index, const int *outputs, int inputs[GRAPH_INPUTS],
                                size_t *n_inputs) {
    const struct pickled *from = pickled_get(layer, "f");
    bool several = from != NULL && (from->kind == PICKLED_LIST || from->kind == PICKLED_TUPLE);
    *n_inputs = several ? from->n_items : 1;
    if (*n_inputs > GRAPH_INPUTS || *n_inputs == 0)
        return FAIL(STATUS_BAD_INPUT, "damaged: layer %zu takes %zu inputs", index, *n_inputs);
    for (size_t i = 0; i < *n_inputs; i++) {
        const struct pickled *number = several ? from->items[i] : from;
        int64_t at = number == NULL ? -1 : number->integer;
        if (number != NULL && number->kind != PICKLED_INT)
            return FAIL(STATUS_BAD_INPUT, "damaged: an input of layer %zu is not a number", index);
        if (at == -1 && index == 0) {
            inputs[i] = import->picture;
            continue;
        }
        at += at < 0 ? (int64_t)index : 0;
        if (at < 0 || at >= (int64_t)index)
            return FAIL(STATUS_BAD_INPUT, "damaged: layer %zu takes layer %" PRId64, index, at);
        inputs[i] = outputs[at];
    }
    return STATUS_OK;
}

/* Whether the first convolution takes one channel, or the four that every second row and column of
 * one make. A network of modules that do not begin with one takes colours. */
static bool takes_grey(const struct torch_parts *layers) {
    int64_t channels, wanted = 1;
    for (size_t i = 0; i < layers->count; i++) {
        const struct pickled *part = layers->items[2 * i + 1];
        for (size_t depth = 0; depth < TORCH_DEPTH && is_object(part); depth++) {
            const struct pickled *parts = pickled_get(part, "_modules");
            if (strcmp(torch_class(part), "Conv2d") == 0) {
                const struct pickled *in = pickled_get(part, "in_channels");
                channels = in == NULL || in->kind != PICKLED_INT ? 0 : in->integer;
                return channels == wanted;
            }
            if (strcmp(torch_class(part), "Focus") == 0 || strcmp(torch_class(part), "ReOrg") == 0)
                wanted *= 4;
            part = parts->n_items < 2 ? NULL : parts->items[1];
        }
    }
    return false;
}

/* The first layer's input. */
static enum status find_picture(struct torch_import *import, const struct torch_parts *layers) {
    enum status status;
    const struct window window = {
        .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .group = 1};
    const float parts[3] = GREY_WEIGHTS;
    int weights;
    float *elements;
    import->picture = import->graph->input;
    if (!takes_grey(layers))
        return STATUS_OK;
    TRY(build_constant(import->graph, "grey", &(struct shape){4, {1, 3, 1, 1}}, &weights,
                       &elements));
    memcpy(elements, parts, sizeof parts);
    TRY(build_conv(import->graph, (struct layer){"grey", "grey"}, import->graph->input, weights, -1,
                   &window, &import->picture));
out:
    return status;
}

/* Runs the layers; the last is the head. */
static enum status run_layers(struct torch_import *import, const struct torch_parts *layers,
                              const char **also) {
    enum status status = STATUS_OK;
    int outputs[MOST_LAYERS], inputs[GRAPH_INPUTS];
    size_t n_inputs;
    for (size_t i = 0; i < layers->count; i++) {
        char name[64];
        const struct pickled *layer = layers->items[2 * i + 1];
        TRY(layer_inputs(import, layer, i, outputs, inputs, &n_inputs));
        snprintf(name, sizeof name, "model.%.40s", layers->items[2 * i]->text);
        if (i + 1 < layers->count) {
            TRY(torch_run(import, layer, name, inputs, n_inputs, &outputs[i]));
            continue;
        }
        if (!torch_is_head(layer)) {
            status =
                FAIL(STATUS_BAD_INPUT, "%s (%.100s): no detection head is known by this name: %s",
                     name, pickled_class(layer), torch_advice(pickled_class(layer)));
            goto out;
        }
        TRY(torch_head(import, layer, name, inputs, n_inputs, also));
    }
out:
    return status;
}

/* That the network's own description, where it has one, speaks of as many classes. */
static enum status check_classes(const struct pickled *owner, size_t n_classes) {
    const struct pickled *described = pickled_get(pickled_get(owner, "yaml"), "nc");
    if (described != NULL && described->kind == PICKLED_INT &&
        described->integer != (int64_t)n_classes)
        return FAIL(STATUS_BAD_INPUT,
                    "damaged: it is described with %" PRId64 " classes, its head has %zu",
                    described->integer, n_classes);
    return STATUS_OK;
}

/* Names as a list, or as a dict by number. */
static enum status read_names(const struct pickled *names, struct model *model) {
    enum status status;
    bool dict = names != NULL && (names->kind == PICKLED_DICT || names->kind == PICKLED_OBJECT);
    bool list = names != NULL && (names->kind == PICKLED_LIST || names->kind == PICKLED_TUPLE);
    size_t step = dict ? 2 : 1, count = dict || list ? names->n_items / step : 0;
    model->n_classes = model->graph.head.n_classes;
    TRY(memory_zeroed(model->n_classes, sizeof *model->names, &model->names));
    for (size_t i = 0; i < count; i++) {
        const struct pickled *key = names->items[i * step],
                             *value = names->items[i * step + step - 1];
        int64_t number = dict && key->kind != PICKLED_INT ? -1 : dict ? key->integer : (int64_t)i;
        if (value->kind != PICKLED_TEXT || number < 0 || number >= (int64_t)model->n_classes ||
            model->names[number] != NULL)
            continue;
        TRY(memory_string(value->text, &model->names[number]));
    }
out:
    return status;
}

static void append_text(struct text *text, const char *before, const struct pickled *value,
                        int most) {
    if (value != NULL && value->kind == PICKLED_TEXT && value->length > 0)
        text_format(text, "%s%.*s", before, most, value->text);
}

/* The network's class, what it was made from, by which version, when. */
static enum status describe(const struct pickled *root, const struct pickled *owner,
                            const char *also, struct model *model) {
    enum status status;
    struct text text = {0};
    bool table = root->kind == PICKLED_DICT;
    text_string(&text, torch_class(owner));
    append_text(&text, ", ", pickled_get(pickled_get(owner, "yaml"), "yaml_file"), 80);
    if (table) {
        append_text(&text, ", version ", pickled_get(root, "version"), 40);
        append_text(&text, ", ", pickled_get(root, "date"), 10);
    }
    if (also != NULL)
        text_format(&text, ", %s%s", also,
                    model->graph.head.n_extras == 0 ? " of which the boxes are used" : "");
    TRY(text_status(&text));
    TRY(memory_string(text.data, &model->description));
    TRY(memory_string("PyTorch", &model->format));
    model->dynamic = true;
out:
    text_free(&text);
    return status;
}

/* How it was trained: Ultralytics keeps the arguments in the file and the network, the YOLOv5
 * repository its options in the file. */
static enum status read_training(const struct pickled *root, const struct pickled *network,
                                 struct model *model) {
    enum { PLACES = 3 };
    const struct pickled *const places[PLACES] = {
        pickled_get(root, "train_args"), pickled_get(root, "opt"), pickled_get(network, "args")};
    for (size_t i = 0; i < PLACES; i++) {
        const struct pickled *data = pickled_get(places[i], "data"),
                             *epochs = pickled_get(places[i], "epochs");
        if (data == NULL || data->kind != PICKLED_TEXT || data->length == 0)
            continue;
        if (epochs != NULL && epochs->kind == PICKLED_INT && epochs->integer > 0)
            model->epochs = epochs->integer;
        return memory_string(data->text, &model->trained_on);
    }
    return STATUS_OK;
}

static enum status read_network(struct torch_import *import, struct model *model) {
    enum status status;
    const struct pickled *root = torch_file_root(import->file), *network, *owner;
    struct torch_parts layers;
    const char *also = NULL;
    TRY(find_network(root, &network));
    TRY(find_layers(import, network, &owner, &layers));
    TRY(build_input(import->graph));
    TRY(find_picture(import, &layers));
    TRY(run_layers(import, &layers, &also));
    TRY(check_classes(owner, import->graph->head.n_classes));
    TRY(read_names(pickled_get(owner, "names"), model));
    TRY(describe(root, owner, also, model));
    TRY(read_training(root, network, model));
out:
    return status;
}

/* A zip archive, or the bare pickle of old versions. */
bool torch_recognises(const struct beginning *file) {
    return file->length >= 4 && (memcmp(file->bytes, "PK\3\4", 4) == 0 ||
                                 (file->bytes[0] == 0x80 && file->bytes[1] <= 5));
}

enum status torch_read(const char *path, const char *weights, int64_t imgsz, struct model *model) {
    enum status status;
    struct stat about;
    struct torch_import import = {.graph = &model->graph, .visits_left = TORCH_VISITS};
    (void)imgsz;
    *model = (struct model){0};
    if (weights != NULL)
        return FAIL(STATUS_BAD_INPUT, "has its weights in itself: leave out --weights");
    TRY(torch_file_open(path, &import.file));
    if (stat(path, &about) != 0) {
        status = FAIL(STATUS_BAD_INPUT, "cannot be read: %m");
        goto out;
    }
    import.memory_left = 2 * (uint64_t)about.st_size + TORCH_SPARE;
    TRY(read_network(&import, model));
out:
    torch_file_close(import.file);
    text_free(&import.place);
    free(import.shapes);
    free(import.splits);
    if (status != STATUS_OK)
        model_free(model);
    return status;
}
