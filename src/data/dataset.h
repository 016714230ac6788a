/* What --data names: the list of images, the class names. */
#ifndef VERIFY_DATA_DATASET_H
#define VERIFY_DATA_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Many paths in one block: NUL-terminated strings one after the other. */
struct path_list {
    size_t count, count_capacity;
    size_t length, byte_capacity;
    char *bytes;   /* owned */
    size_t *start; /* offset of each path in bytes; owned */
};
enum status path_list_add(struct path_list *list, const char *path);
const char *path_list_get(const struct path_list *list, size_t index);
void path_list_free(struct path_list *list);

struct dataset {
    char *root; /* absolute folder that image names in the records are relative to; owned */
    struct path_list images; /* absolute, lexically normal, symbolic links not resolved */
    size_t n_names;          /* 0: a data set without names (a bare folder or list) */
    char **names;            /* owned; by class number, "class7" for a gap in a map */
    char *common;            /* deepest folder common to all images, absolute; owned */
    uint64_t repeated;       /* images listed more than once; each is kept once */
    uint64_t absent; /* entries of a .txt list that do not exist are kept: they fail when read */
};

/* Opens a data.yaml, a folder or a .txt list. `splits` is NULL (every split present) or a
 * comma-separated list of train, val, test. Folders give their images sorted by path bytes, lists
 * keep their order. STATUS_BAD_INPUT with one line where there is nothing to verify. */
enum status dataset_open(const char *path, const char *splits, struct dataset *dataset);
void dataset_free(struct dataset *dataset);

/* Counts the .txt files in the images' label folders that belong to no image of the list
 * (classes.txt excepted). An unreadable folder counts nothing. */
enum status dataset_count_orphans(const struct dataset *dataset, uint64_t *orphans);

/* The name of an image in records: relative to `root` where it lies below it, else the path itself.
 * Points into `path`. */
const char *dataset_image_name(const char *root, const char *path);

/* How the data set's classes and the model's correspond, by name (case, spaces and '_' apart). */
struct class_map {
    size_t n_data, n_model;
    int32_t *to_model; /* [n_data]; -1: the model does not know this class; owned */
    int32_t *to_data;  /* [n_model]; -1: the data set does not have this class; owned */
    char **names;      /* [n_data] owned copies */
};
/* A data set without names takes the model's. STATUS_BAD_INPUT where no name is shared, naming some
 * of both sides. */
enum status class_map_make(const char *const *data_names, size_t n_data,
                           const char *const *model_names, size_t n_model, struct class_map *map);
void class_map_free(struct class_map *map);

#endif
