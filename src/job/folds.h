/* --fold: which model judges which images. */
#ifndef VERIFY_JOB_FOLDS_H
#define VERIFY_JOB_FOLDS_H

#include "data/dataset.h"

enum { FOLD_MODELS_MOST = 255 };

struct fold {
    size_t model; /* its place in models */
    char *list;   /* a .txt, or a split's name; owned */
    char *text;   /* "MODEL=LIST", for messages; owned */
};

/* Zeroed: none. */
struct folds {
    size_t count, capacity;
    struct fold *items;
    struct path_list models; /* each once, in the order of their first fold */
};

/* From options.fold, a line each; NULL: none. MODEL ends at the first '=' before which a file's
 * path stands, else at the first. STATUS_BAD_INPUT for one that is not MODEL=LIST, or too many
 * models. On failure, too, folds_free must be called. */
enum status folds_read(const char *lines, struct folds *folds);
void folds_free(struct folds *folds);

/* Finds each image's model: (*set_of)[i] is the place in folds->models for image i of the data set;
 * free() releases it. STATUS_BAD_INPUT, with an example, for a list that is not there or shares no
 * image with the data set, and where an image is in no list or in those of two models. */
enum status folds_assign(const struct folds *folds, const struct dataset *dataset,
                         uint8_t **set_of);

#endif
