/* The sources of images behind --data, each of which adds to one collection. */
#ifndef VERIFY_DATA_COLLECTION_H
#define VERIFY_DATA_COLLECTION_H

#include <stdint.h>

#include "base/text.h"
#include "data/data_yaml.h"
#include "data/image_splits.h"
#include "data/packed_paths.h"
#include "data/path_list.h"
#include "data/picture.h"

/* What is left out wherever it is met: how often, and the path that sorts first. */
struct left_out {
    size_t count;
    struct text first;
};

struct collection {
    const char *output; /* the folder of a run, whose placed images are left out; NULL: none */
    struct packed_paths images;
    struct image_splits splits; /* of the images */
    struct path_list unread;    /* pictures of kinds that are not read */
    struct left_out hidden;     /* hidden folders that hold pictures, hidden pictures */
    struct left_out outputs;    /* folders of which what a run of verify wrote is left out */
    uint64_t other;             /* entries of lists that are no pictures */
    size_t n_skipped; /* what was left out; `skipped` tells of the first few, n_said of them */
    size_t n_said;
    struct text skipped;
};

/* Start with a zeroed struct. */
void collection_free(struct collection *collection);

/* Adds a picture of that kind: an image, or one that is not read. */
enum status collection_add(struct collection *collection, const struct picture_kind *kind,
                           const char *path);

/* Notes something that was left out. */
enum status collection_skip(struct collection *collection, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Counts one more; `path` must be absolute. */
enum status left_out_add(struct left_out *left_out, const char *path);

/* Adds the pictures below a folder (absolute), as dataset_open says. STATUS_BAD_INPUT where the
 * folder itself cannot be read; unreadable folders below it are noted. */
enum status collection_add_folder(struct collection *collection, const char *folder);

/* Adds the images of a .txt list (absolute path), relative to `base` (absolute; NULL: the list's
 * folder). STATUS_BAD_INPUT where it cannot be read or is no text. */
enum status collection_add_list(struct collection *collection, const char *file, const char *base);

/* A data.yaml, or a file that says the same. */
struct split_file {
    char *file; /* absolute; owned */
    struct data_yaml yaml;
    struct text root; /* the resolved `path` */
};
void split_file_free(struct split_file *file);

/* Adds the images of the files' splits (NULL: those present), split by split, and resolves each
 * file's root. */
enum status collection_add_splits(struct collection *collection, struct split_file *files,
                                  size_t n_files, const char *splits);

#endif
