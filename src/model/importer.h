/* What reads a model file of one format; private to model/. */
#ifndef VERIFY_MODEL_IMPORTER_H
#define VERIFY_MODEL_IMPORTER_H

#include "model/foreign.h"
#include "model/formats.h"
#include "model/model.h"

/* Whether a file is of the format, by its beginning. */
typedef bool importer_recogniser(const struct beginning *file);
/* Fills graph (unfused, with its head), format, description, dynamic, n_classes and names (NULL
 * entries where the file has none); model_read does the rest. `weights` is NULL or --weights.
 * Messages are without the path. `fingerprint` is of files beside these two. On failure the model
 * is empty. */
typedef enum status importer_reader(const char *path, const char *weights, int64_t imgsz,
                                    struct model *model);

/* Those of each format (formats.h). */
#define DECLARE(recognises, read, title, suffix)                                                   \
    importer_recogniser recognises;                                                                \
    importer_reader read;
MODEL_FORMATS(DECLARE)
#undef DECLARE

#endif
