/* A model file, read: its graph, its class names, what it says of itself. */
#ifndef VERIFY_MODEL_MODEL_H
#define VERIFY_MODEL_MODEL_H

#include "model/graph.h"

struct model {
    struct graph graph;
    char *format;      /* "ONNX", …; owned */
    char *description; /* what the file says it is, or "" ; owned */
    char *trained_on; /* the data set that the file says it was trained on, as written then, perhaps
                         elsewhere; NULL: it does not say; owned */
    int64_t epochs;   /* so long, as the file says; 0: it does not */
    char *family;     /* "anchor-free, DFL 16", "anchor-based" …: from the head; owned */
    size_t n_classes;
    size_t n_named; /* classes that an ONNX file has names for; 0: it has none, or is no ONNX */
    char **names;   /* n_classes; "class7" where the file has none; owned */
    int64_t stride; /* largest stride of the head: inputs are multiples of it */
    bool dynamic;   /* the file accepts any input size by itself */
    int64_t own_height, own_width; /* the one size that it was exported for; 0: none */
    uint64_t parameters;
    uint64_t fingerprint; /* of the contents of all files that were read (base/fingerprint.h) */
};

/* Reads a model with the importer that knows its format (by content, then suffix); `imgsz` is the
 * square input it will be run with, needed where a file's shapes cannot be left open; 0: its own
 * size, where it has one.
 * STATUS_BAD_INPUT with one line otherwise: what, where, what to do. */
enum status model_read(const char *path, const char *weights, int64_t imgsz, struct model *model);
void model_free(struct model *model);

/* Multiplications and additions, both counted, of one forward at height x width, in 1e9. */
enum status model_gflops(const struct model *model, int64_t height, int64_t width, double *gflops);

/* Appends what --inspect prints: format, family, classes, parameters, GFLOPs, the layer table. */
struct text;
enum status model_describe(const struct model *model, int64_t height, int64_t width,
                           struct text *text);

#endif
