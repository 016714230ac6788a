/* The sources of images behind --data, each of which adds to one collection. */
#ifndef VERIFY_DATA_COLLECTION_H
#define VERIFY_DATA_COLLECTION_H

#include <stdint.h>

#include "base/text.h"
#include "data/data_yaml.h"
#include "data/path_list.h"

struct collection {
    const char *output; /* the folder of a run, whose placed images are left out; NULL: none */
    struct path_list images;
    uint64_t other;   /* entries of lists that are no images */
    size_t n_skipped; /* what was left out; `skipped` tells of the first few, n_said of them */
    size_t n_said;
    struct text skipped;
};

/* Start with a zeroed struct. */
void collection_free(struct collection *collection);

/* Notes something that was left out. */
enum status collection_skip(struct collection *collection, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds the images below a folder (absolute), as dataset_open says. STATUS_BAD_INPUT where the
 * folder itself cannot be read; unreadable folders below it are noted. */
enum status collection_add_folder(struct collection *collection, const char *folder);

/* Adds the images of a .txt list (absolute path), relative to the list's folder. STATUS_BAD_INPUT
 * where it cannot be read or is no text. */
enum status collection_add_list(struct collection *collection, const char *file);

/* Adds the images of a data.yaml's splits (NULL: those present). *root becomes the resolved `path`.
 * `file` is absolute. */
enum status collection_add_splits(struct collection *collection, const struct data_yaml *yaml,
                                  const char *file, const char *splits, struct text *root);

#endif
