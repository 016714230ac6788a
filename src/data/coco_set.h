/* A data set that COCO's annotations describe. Internal to src/data. */
#ifndef VERIFY_DATA_COCO_SET_H
#define VERIFY_DATA_COCO_SET_H

#include "data/annotations.h"
#include "data/coco.h"
#include "data/collection.h"
#include "data/dataset.h"

/* Zeroed at first. */
struct coco_set {
    struct file_bytes content;
    struct coco coco;
    struct text folder; /* that file_name is relative to */
};
void coco_set_free(struct coco_set *set);

/* Opens the file (absolute), adds its images in its order, and gives `dataset` its names: the
 * categories, in its order. Images lie beside the file, in a folder `images` there or beside its
 * folder, or in one called as the last part of its name (instances_train2017.json: train2017):
 * where most of the first ones are. *root becomes the deepest folder that holds images and file.
 * STATUS_BAD_INPUT where it is no such file, or no image is found. */
enum status coco_set_open(const char *file, struct coco_set *set, struct collection *collection,
                          struct text *root, struct dataset *dataset);

/* Once dataset->images is what it stays: gives each image its annotations. Crowds are left out, and
 * counted in *crowds; *strays: annotations of no image. */
enum status coco_set_take(const struct coco_set *set, struct dataset *dataset, uint64_t *crowds,
                          uint64_t *strays);

#endif
