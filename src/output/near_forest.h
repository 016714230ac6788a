/* Which images are copies of each other, by and by: two that are joined are of one group, and so
 * is all that was joined with either. */
#ifndef VERIFY_OUTPUT_NEAR_FOREST_H
#define VERIFY_OUTPUT_NEAR_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Plain data: ranks send it as bytes. */
struct near_pair {
    uint32_t one, other;
};

/* Zeroed at first. */
struct near_forest {
    size_t count;     /* of images */
    uint32_t *parent; /* owned */
    size_t n_pairs, capacity;
    struct near_pair *pairs; /* those by whose joining groups became one; owned */
};

/* No image is joined with another. */
enum status near_forest_make(size_t count, struct near_forest *forest);
void near_forest_free(struct near_forest *forest);
/* The first image of an image's group. */
uint32_t near_forest_first(struct near_forest *forest, uint32_t image);
enum status near_forest_join(struct near_forest *forest, struct near_pair pair);

#endif
