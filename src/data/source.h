/* What kind of thing --data names. Internal to src/data. */
#ifndef VERIFY_DATA_SOURCE_H
#define VERIFY_DATA_SOURCE_H

#include <stdbool.h>

#include "base/status.h"

enum source {
    SOURCE_FOLDER,
    SOURCE_YAML,
    SOURCE_DARKNET, /* a .data file */
    SOURCE_LIST,
    SOURCE_COCO,    /* COCO's annotations, a .json file */
    SOURCE_SEVERAL, /* data.yaml and .data files, with commas between */
};

/* `given` is as the user wrote it, `path` the same made absolute. STATUS_BAD_INPUT, with what it is
 * and what to give instead, where it is no data set. */
enum status source_kind(const char *given, const char *path, enum source *kind);

/* "https://host/x" and the like. */
bool is_url(const char *text);

/* Whether a path is written as on Windows: with backslashes, or a drive's letter. */
bool is_windows_path(const char *text);

#endif
