/* Reading a model file of any known format, and what every format has in common. */
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fingerprint.h"
#include "base/memory.h"
#include "base/suffix.h"
#include "base/text.h"
#include "model/foreign.h"
#include "model/grey.h"
#include "model/importer.h"
#include "model/operators/cost.h"
#include "model/operators/operator.h"

/* The formats: known by content or, where that says nothing, by the path's suffix. */
static const struct {
    importer_recogniser *recognises;
    importer_reader *read;
    const char *title, *suffix;
} importers[] = {
#define CELL(recognises, read, title, suffix) {recognises, read, title, suffix},
    MODEL_FORMATS(CELL)
#undef CELL
};

enum { IMPORTERS = sizeof importers / sizeof *importers };

static enum status read_beginning(const char *path, struct beginning *file) {
    struct stat about;
    int descriptor = file_open(path, 0, &about);
    *file = (struct beginning){0};
    if (descriptor == FILE_NOT_REGULAR)
        return S_ISDIR(about.st_mode)
                   ? foreign_folder(path)
                   : FAIL(STATUS_BAD_INPUT, "is not a regular file; a model file is expected");
    if (descriptor < 0)
        return FAIL(STATUS_BAD_INPUT, "cannot be opened: %m");
    ssize_t length = file_read(descriptor, file->bytes, sizeof file->bytes - 1);
    close(descriptor);
    file->length = length > 0 ? (size_t)length : 0;
    if (length <= 0)
        return FAIL(STATUS_BAD_INPUT, "%s",
                    length < 0 ? "cannot be read"
                               : "is empty: was it copied or downloaded completely?");
    return STATUS_OK;
}

/* The importer that knows the content, else the path's suffix; IMPORTERS where none does. */
static size_t importer_of(const char *path, const struct beginning *file) {
    for (size_t i = 0; i < IMPORTERS; i++)
        if (importers[i].recognises(file))
            return i;
    for (size_t i = 0; i < IMPORTERS; i++)
        if (has_suffix(path, importers[i].suffix))
            return i;
    return IMPORTERS;
}

static enum status fail_unknown(void) {
    struct text known = {0};
    for (size_t i = 0; i < IMPORTERS; i++)
        text_format(&known, "%s%s (%s)",
                    i == 0               ? ""
                    : i + 1 == IMPORTERS ? " and "
                                         : ", ",
                    importers[i].title, importers[i].suffix);
    enum status status = text_status(&known);
    if (status == STATUS_OK)
        status = FAIL(STATUS_BAD_INPUT, "is not a model that can be read: %s are", known.data);
    text_free(&known);
    return status;
}

static enum status read_any(const char *path, const char *weights, int64_t imgsz,
                            struct model *model) {
    struct beginning file;
    enum status status = read_beginning(path, &file);
    if (status != STATUS_OK)
        return status;
    const char *content = foreign_content(&file), *suffix = foreign_suffix(path);
    if (content != NULL)
        return FAIL(STATUS_BAD_INPUT, "%s", content);
    size_t i = importer_of(path, &file);
    if (i < IMPORTERS)
        status = importers[i].read(path, weights, imgsz, model);
    /* TensorFlow's and Core ML's files begin as ONNX's: only reading them tells them apart. */
    bool guessed = i < IMPORTERS && importers[i].recognises == onnx_recognises;
    if (suffix != NULL && (i == IMPORTERS || (guessed && status == STATUS_BAD_INPUT)))
        return FAIL(STATUS_BAD_INPUT, "%s", suffix);
    if (i == IMPORTERS)
        return fail_unknown();
    return status;
}

static enum status name_classes(struct model *model) {
    enum status status = STATUS_OK;
    char name[32];
    for (size_t i = 0; i < model->n_classes; i++) {
        if (model->names[i] != NULL)
            continue;
        snprintf(name, sizeof name, "class%zu", i);
        TRY(memory_string(name, &model->names[i]));
    }
out:
    return status;
}

static enum status name_family(struct model *model) {
    char text[64];
    const struct head *head = &model->graph.head;
    if (head->kind == HEAD_ANCHOR && head->levels[0].scale_xy < 0)
        snprintf(text, sizeof text, "anchor-free, YOLOX");
    else if (head->kind == HEAD_ANCHOR)
        snprintf(text, sizeof text, "anchor-based, %zu anchors", head->n_anchors);
    else if (head->kind == HEAD_FINAL)
        snprintf(text, sizeof text, "with its own box decoding");
    else if (head->bins > 1)
        snprintf(text, sizeof text, "anchor-free, DFL %zu", head->bins);
    else
        snprintf(text, sizeof text, "anchor-free");
    return memory_string(text, &model->family);
}

/* The same for models of every format, after reading. */
static enum status finish(struct model *model) {
    enum status status;
    struct graph *graph = &model->graph;
    TRY(graph_prune(graph)); /* first, so that nothing unknown is left for the passes */
    TRY(graph_check_weights(graph));
    TRY(graph_fold_grey(graph));
    TRY(graph_fold_batch_norm(graph));
    TRY(graph_check_weights(graph)); /* a variance may be negative, or 0 with nothing added */
    TRY(graph_fuse(graph));
    TRY(graph_prune(graph));
    TRY(name_classes(model));
    TRY(name_family(model));
    model->stride = 1;
    for (size_t l = 0; l < graph->head.n_levels; l++)
        if ((int64_t)graph->head.levels[l].stride > model->stride)
            model->stride = (int64_t)graph->head.levels[l].stride;
    for (size_t i = 0; i < graph->n_ops; i++) {
        if (operator_of(graph->ops[i].kind)->of_shapes) {
            status = FAIL_FOR(REASON_OPERATOR, STATUS_BAD_INPUT,
                              "operator %.100s, node '%.100s' is not supported",
                              graph->ops[i].type_name, graph->ops[i].name);
            goto out;
        }
        model->parameters += op_parameters(graph, &graph->ops[i]);
    }
out:
    return status;
}

enum status model_read(const char *path, const char *weights, int64_t imgsz, struct model *model) {
    enum status status;
    *model = (struct model){0};
    TRY(read_any(path, weights, imgsz, model));
    TRY(finish(model));
    const uint64_t beside = model->fingerprint;
    model->fingerprint = fingerprint_bytes(FINGERPRINT_START, &beside, sizeof beside);
    TRY(fingerprint_file(path, &model->fingerprint));
    if (weights)
        TRY(fingerprint_file(weights, &model->fingerprint));
out:
    if (status != STATUS_OK) {
        model_free(model);
        status_prefix(status, "%s: ", path);
    }
    return status;
}

void model_free(struct model *model) {
    graph_free(&model->graph);
    for (size_t i = 0; model->names != NULL && i < model->n_classes; i++)
        free(model->names[i]);
    free(model->names);
    free(model->format);
    free(model->description);
    free(model->trained_on);
    free(model->family);
    *model = (struct model){0};
}
