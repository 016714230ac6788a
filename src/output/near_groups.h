/* Groups of pictures that are the same or nearly so, for the report. */
#ifndef VERIFY_OUTPUT_NEAR_GROUPS_H
#define VERIFY_OUTPUT_NEAR_GROUPS_H

#include "base/text.h"
#include "data/image_splits.h"
#include "output/near_forest.h"
#include "output/sketches.h"

struct near_group {
    size_t first; /* of its members */
    uint32_t count;
    bool across_splits;
    bool labels_differ; /* of two of its pictures that are copies of each other */
};

/* Zeroed at first. */
struct near_groups {
    size_t count;
    struct near_group *items; /* worst first; owned */
    uint32_t *members;        /* places in the list, of each group in order; owned */
    uint64_t images, across_splits, labels_differ; /* images in groups; groups */
};

/* The groups of a forest. STATUS_FAILED where memory runs out or sketches cannot be read. On
 * failure, too, near_groups_free must be called. */
enum status near_groups_make(const struct sketches *sketches, const struct image_splits *splits,
                             sketches_tick *tick, void *context, struct near_forest *forest,
                             struct near_groups *groups);
void near_groups_free(struct near_groups *groups);

/* The name of an image, as in the records. */
typedef const char *near_name(const void *context, uint32_t image);

/* Appends `near_duplicates` of the report, a JSON object. */
void near_groups_json(const struct near_groups *groups, const struct image_splits *splits,
                      near_name *name, const void *context, struct text *text);

/* Which labels of one picture that are kept have none of their class at about their place in the
 * other: lacking[a->kept]. Of the other each stands for one alone. */
void sketch_labels_lacking(const struct sketch_labels *a, const struct sketch_labels *b,
                           bool *lacking);

/* Whether two pictures that are copies have other labels: another number, or one that has none of
 * its class at about its place in the other. */
bool sketch_labels_differ(const struct sketch_labels *a, const struct sketch_labels *b);

#endif
