/* Which split of a data.yaml each image is of. The list of images has the splits one after the
 * other, so an image's place in it tells. */
#ifndef VERIFY_DATA_IMAGE_SPLITS_H
#define VERIFY_DATA_IMAGE_SPLITS_H

#include "base/text.h"
#include "data/data_yaml.h"

/* Plain data: ranks send it as bytes. */
struct image_splits {
    uint64_t count;           /* of the splits that were read, in order; 0: a folder or a list */
    uint64_t split[N_SPLITS]; /* which it is */
    uint64_t end[N_SPLITS];   /* the image behind its last one */
};

/* "train", "val" or "test", for the image of that index in the list; NULL where there are no
 * splits. */
const char *image_split(const struct image_splits *splits, uint64_t index);

/* Appends the splits that have images, and how many: "train 900, val 100". */
void image_splits_text(const struct image_splits *splits, struct text *text);

#endif
