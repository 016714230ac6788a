/* Darknet's models: a network's description (.cfg), its weights, and a list of names beside it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/darknet/darknet_graph.h"
#include "model/importer.h"

/* "a/b.cfg" to "a/b.names". */
static enum status names_path(const char *path, struct text *out) {
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    bool suffix = dot != NULL && (slash == NULL || dot > slash + 1);
    text_bytes(out, path, suffix ? (size_t)(dot - path) : strlen(path));
    text_string(out, ".names");
    return text_status(out);
}

/* A line with neither blanks at its ends nor control characters; "" where nothing is left. */
static char *clean_name(char *line) {
    line += strspn(line, " \t\r");
    size_t length = strlen(line);
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        length--;
    line[length] = '\0';
    for (char *at = line; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 127)
            *at = '?';
    return line;
}

/* Names from a text with one a line; empty lines at its end do not count. */
static enum status take_names(char *text, struct model *model) {
    enum status status = STATUS_OK;
    size_t number = 0, count = 0;
    for (char *next; text != NULL; text = next, number++) {
        next = strchr(text, '\n');
        if (next != NULL)
            *next++ = '\0';
        char *name = clean_name(text);
        if (*name == '\0')
            continue;
        count = number + 1;
        if (number < model->n_classes)
            TRY(memory_string(name, &model->names[number]));
    }
    if (count != model->n_classes)
        status = FAIL(STATUS_BAD_INPUT,
                      "has %zu names, the .cfg has %zu classes: correct the one that is wrong, or "
                      "move the names elsewhere",
                      count, model->n_classes);
out:
    return status;
}

static enum status read_names(const char *path, struct model *model) {
    enum status status;
    struct text beside = {0};
    char *text = NULL;
    model->n_classes = model->graph.head.n_classes;
    TRY(memory_zeroed(model->n_classes, sizeof *model->names, &model->names));
    TRY(names_path(path, &beside));
    status = small_file_read(beside.data, &text);
    if (status == STATUS_OK && text != NULL) {
        model->fingerprint = fingerprint_bytes(FINGERPRINT_START, text, strlen(text));
        status = take_names(text, model);
    }
    if (status != STATUS_OK)
        status_prefix(status, "%s, beside it, ", beside.data);
out:
    free(text);
    text_free(&beside);
    return status;
}

static enum status describe(const struct darknet_net *net, struct model *model) {
    enum status status;
    char text[64];
    snprintf(text, sizeof text, "%" PRId64 "x%" PRId64 " in its .cfg", net->input.width,
             net->input.height);
    TRY(memory_string(text, &model->description));
    TRY(memory_string("Darknet", &model->format));
    model->dynamic = true;
out:
    return status;
}

/* Text with a section [net]. */
bool darknet_recognises(const struct beginning *file) {
    const char *text = (const char *)file->bytes;
    return strlen(text) == file->length &&
           (strstr(text, "[net]") != NULL || strstr(text, "[network]") != NULL);
}

enum status darknet_read(const char *path, const char *weights, int64_t imgsz,
                         struct model *model) {
    enum status status;
    struct cfg cfg = {0};
    struct darknet_net net = {0};
    struct darknet_weights file = {0};
    (void)imgsz; /* any size will do */
    *model = (struct model){0};
    TRY(cfg_read(path, &cfg));
    TRY(darknet_net_read(&cfg, &net));
    if (weights == NULL) {
        status = FAIL(STATUS_BAD_INPUT, "is a Darknet network without its weights: give the file "
                                        "that was trained with it, --weights FILE.weights");
        goto out;
    }
    TRY(darknet_weights_open(weights, &net, &file));
    TRY(darknet_graph(&net, &file, &model->graph));
    TRY(read_names(path, model));
    TRY(describe(&net, model));
out:
    darknet_weights_close(&file);
    darknet_net_free(&net);
    cfg_free(&cfg);
    if (status != STATUS_OK)
        model_free(model);
    return status;
}
