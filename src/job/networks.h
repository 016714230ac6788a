/* The networks that judge: each model at each input size, their classes as one list, and which of
 * them an image is judged by. */
#ifndef VERIFY_JOB_NETWORKS_H
#define VERIFY_JOB_NETWORKS_H

#include "backend.h"
#include "data/class_union.h"
#include "job/folds.h"
#include "job/options.h"
#include "model/model.h"

struct networks {
    struct folds folds;         /* of --fold; none: all networks judge every image */
    struct path_list paths;     /* of the models */
    struct text named;          /* those, with commas between them */
    struct model *models;       /* [paths.count], as many as were read; owned */
    struct class_union classes; /* of all models */
    size_t n_sizes;
    uint32_t sizes[OPTION_COUNTS_MOST]; /* --imgsz, raised to a multiple of all strides */
    uint32_t stride;                    /* that multiple's */
    bool own_sizes; /* --imgsz is not given, and a model has a size of its own, which it runs at */
    size_t count;
    struct backend_network *items; /* model by model, each in the order of sizes; owned */
    /* With folds, by place in the list of all images: which model judges it; else NULL. Owned. */
    uint8_t *model_of;
};

/* Reads the models of --model or --fold and makes all but model_of. STATUS_BAD_INPUT with a message
 * that names the model. On failure, too, networks_free must be called. */
enum status networks_read(const struct options *options, struct networks *networks);
/* Zeroed is fine. */
void networks_free(struct networks *networks);

/* STATUS_BAD_INPUT, with its path, for a model whose file names another number of classes than its
 * output has; n_data: how many the data set names. */
enum status networks_check_names(const struct networks *networks, size_t n_data);

/* STATUS_BAD_INPUT, with its path, for a model among several that shares no class with the data
 * set.
 */
enum status networks_check_classes(const struct networks *networks, const struct class_map *map);

/* How many networks judge an image. */
size_t networks_views(const struct networks *networks);
/* Appends the input sizes, with commas between them. */
void networks_sizes(const struct networks *networks, struct text *text);
/* The smallest input size. */
uint32_t networks_least_size(const struct networks *networks);

/* Of the contents of all files that were read for the models. */
uint64_t networks_fingerprint(const struct networks *networks);
/* Of which model judges which of n_images images; of nothing where there are no folds. */
uint64_t networks_folds_fingerprint(const struct networks *networks, size_t n_images);

/* Appends what --inspect prints of each model. */
enum status networks_describe(const struct networks *networks, struct text *text);

#endif
