/* The networks that judge: each model at each input size. */
#include "job/networks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "base/suffix.h"

void networks_free(struct networks *networks) {
    for (size_t i = 0; networks->models && i < networks->paths.count; i++)
        model_free(&networks->models[i]);
    free(networks->models);
    free(networks->items);
    free(networks->model_of);
    class_union_free(&networks->classes);
    path_list_free(&networks->paths);
    text_free(&networks->named);
    folds_free(&networks->folds);
    *networks = (struct networks){0};
}

/* A comma parts two models, unless a file has it in its name. */
static enum status list_paths(const char *models, struct path_list *paths) {
    enum status status = STATUS_OK;
    struct text path = {0};
    bool whole = access(models, F_OK) == 0;
    for (const char *at = models;; at++) {
        size_t length = whole ? strlen(at) : strcspn(at, ",");
        text_clear(&path);
        text_bytes(&path, at, length);
        TRY(text_status(&path));
        if (length == 0)
            TRY(FAIL(STATUS_BAD_INPUT, "--model %s: a model is missing beside a comma", models));
        TRY(path_list_add(paths, path.data));
        at += length;
        if (*at == '\0')
            break;
    }
out:
    text_free(&path);
    return status;
}

static enum status list_models(const struct options *options, struct networks *networks) {
    enum status status;
    TRY(folds_read(options->fold, &networks->folds));
    if (networks->folds.count == 0)
        return list_paths(options->model, &networks->paths);
    for (size_t i = 0; i < networks->folds.models.count; i++)
        TRY(path_list_add(&networks->paths, path_list_get(&networks->folds.models, i)));
out:
    return status;
}

/* The model that --weights belongs to: the one Darknet .cfg, or else the first, whose reading says
 * what is wrong. */
static enum status find_owner_of_weights(const struct options *options,
                                         const struct path_list *paths, size_t *owner) {
    size_t n = 0;
    *owner = 0;
    for (size_t i = 0; i < paths->count; i++) {
        if (!has_suffix(path_list_get(paths, i), ".cfg"))
            continue;
        *owner = n == 0 ? i : *owner;
        n++;
    }
    if (n > 1)
        return FAIL(STATUS_BAD_INPUT,
                    "%zu Darknet .cfg files, and --weights has the weights of one%s%s: one of them "
                    "can judge at a time, beside models of other formats",
                    n, options->weights ? ": " : "", options->weights ? options->weights : "");
    return STATUS_OK;
}

static uint32_t common_multiple(uint32_t a, uint32_t b) {
    uint32_t x = a, y = b;
    while (y) {
        uint32_t rest = x % y;
        x = y;
        y = rest;
    }
    return a / x * b;
}

static enum status read_models(const struct options *options, const int64_t *sizes,
                               struct networks *networks) {
    enum status status;
    size_t owner, n = networks->paths.count;
    TRY(find_owner_of_weights(options, &networks->paths, &owner));
    TRY(memory_zeroed(n, sizeof *networks->models, &networks->models));
    networks->stride = 1;
    for (size_t i = 0; i < n; i++) {
        const char *path = path_list_get(&networks->paths, i);
        const char *weights = i == owner ? options->weights : NULL;
        struct model *model = &networks->models[i];
        TRY(model_read(path, weights, options->imgsz_given ? sizes[0] : 0, model));
        if (model->graph.fixed_height && options->zoom)
            TRY(FAIL(
                STATUS_BAD_INPUT,
                "--zoom looks again at another input size, and %s is tied to %lld x %lld: leave "
                "--zoom out, or export the model with dynamic sizes",
                path, (long long)model->graph.fixed_width, (long long)model->graph.fixed_height));
        networks->own_sizes |= !options->imgsz_given && model->own_height;
        /* One that is tied to a size says so where it is read for another. */
        for (size_t k = 1; model->graph.fixed_height && k < networks->n_sizes; k++) {
            struct model other = {0};
            status = model_read(path, weights, sizes[k], &other);
            model_free(&other);
            TRY(status);
        }
        networks->stride = common_multiple(networks->stride, (uint32_t)model->stride);
    }
out:
    return status;
}

static enum status unite_classes(struct networks *networks) {
    enum status status;
    struct class_list *lists;
    size_t n = networks->paths.count;
    TRY(memory_zeroed(n, sizeof *lists, &lists));
    for (size_t i = 0; i < n; i++)
        lists[i] = (struct class_list){networks->models[i].n_classes,
                                       (const char *const *)networks->models[i].names};
    status = class_union_make(lists, n, &networks->classes);
out:
    free(lists);
    return status;
}

/* The longer side of a model's input. */
static uint32_t size_of(const struct networks *networks, const struct model *model, size_t k) {
    int64_t height = model->own_height, width = model->own_width;
    if (!networks->own_sizes || !height)
        return networks->sizes[k];
    return (uint32_t)(height > width ? height : width);
}

enum status networks_read(const struct options *options, struct networks *networks) {
    enum status status;
    int64_t sizes[OPTION_COUNTS_MOST];
    *networks = (struct networks){0};
    networks->n_sizes = option_counts(options->imgsz, sizes);
    TRY(list_models(options, networks));
    for (size_t i = 0; i < networks->paths.count; i++)
        text_format(&networks->named, "%s%s", i ? "," : "", path_list_get(&networks->paths, i));
    TRY(text_status(&networks->named));
    TRY(read_models(options, sizes, networks));
    TRY(unite_classes(networks));
    int64_t stride = networks->stride;
    for (size_t k = 0; k < networks->n_sizes; k++)
        networks->sizes[k] = (uint32_t)((sizes[k] + stride - 1) / stride * stride);
    TRY(memory_zeroed(networks->paths.count * networks->n_sizes, sizeof *networks->items,
                      &networks->items));
    for (size_t i = 0; i < networks->paths.count; i++)
        for (size_t k = 0; k < networks->n_sizes; k++)
            networks->items[networks->count++] =
                (struct backend_network){.model = &networks->models[i],
                                         .path = path_list_get(&networks->paths, i),
                                         .imgsz = size_of(networks, &networks->models[i], k),
                                         .classes = networks->classes.numbers[i]};
out:
    return status;
}

enum status networks_check_names(const struct networks *networks, size_t n_data) {
    for (size_t i = 0; i < networks->paths.count; i++) {
        const struct model *model = &networks->models[i];
        if (model->n_named && model->n_named != model->n_classes)
            return FAIL(STATUS_BAD_INPUT,
                        "%s: the file names %zu classes, its output has %zu, and the data set "
                        "names %zu: which it was trained on is not certain; export it again from "
                        "its checkpoint, with its own names",
                        path_list_get(&networks->paths, i), model->n_named, model->n_classes,
                        n_data);
    }
    return STATUS_OK;
}

enum status networks_check_classes(const struct networks *networks, const struct class_map *map) {
    for (size_t i = 0; i < networks->paths.count; i++) {
        const uint32_t *numbers = networks->classes.numbers[i];
        bool shares = false;
        for (size_t k = 0; k < networks->models[i].n_classes; k++)
            shares |= map->to_data[numbers ? numbers[k] : k] >= 0;
        if (!shares)
            return FAIL(STATUS_BAD_INPUT,
                        "%s shares no class name with the data set, which other models do: leave "
                        "it out, or check its names with --inspect",
                        path_list_get(&networks->paths, i));
    }
    return STATUS_OK;
}

size_t networks_views(const struct networks *networks) {
    return networks->folds.count ? networks->n_sizes : networks->count;
}

/* Whether one before it has the same size. */
static bool is_repeated(const struct networks *networks, size_t index) {
    size_t i = 0;
    while (networks->items[i].imgsz != networks->items[index].imgsz)
        i++;
    return i < index;
}

void networks_sizes(const struct networks *networks, struct text *text) {
    size_t n = networks->own_sizes ? networks->count : networks->n_sizes;
    for (size_t i = 0; i < n; i++)
        if (!networks->own_sizes || !is_repeated(networks, i))
            text_format(text, "%s%u", i ? "," : "", networks->items[i].imgsz);
}

uint32_t networks_least_size(const struct networks *networks) {
    uint32_t least = networks->items[0].imgsz;
    for (size_t i = 1; i < networks->count; i++)
        least = networks->items[i].imgsz < least ? networks->items[i].imgsz : least;
    return least;
}

uint64_t networks_fingerprint(const struct networks *networks) {
    uint64_t fingerprint = networks->models[0].fingerprint;
    for (size_t i = 1; i < networks->paths.count; i++)
        fingerprint = fingerprint_bytes(fingerprint, &networks->models[i].fingerprint,
                                        sizeof networks->models[i].fingerprint);
    return fingerprint;
}

uint64_t networks_folds_fingerprint(const struct networks *networks, size_t n_images) {
    return networks->model_of ? fingerprint_bytes(FINGERPRINT_START, networks->model_of, n_images)
                              : FINGERPRINT_START;
}

enum status networks_describe(const struct networks *networks, struct text *text) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < networks->count; i++) {
        const struct backend_network *network = &networks->items[i];
        if (networks->count > 1)
            text_format(text, "%s%s at %u:\n", i ? "\n" : "", network->path, network->imgsz);
        struct letterbox_frame frame = network_frame(network->model, network->imgsz, false);
        TRY(model_describe(network->model, frame.height, frame.width, text));
    }
    status = text_status(text);
out:
    return status;
}
