/* Labels of a picture that are on one object. */
#ifndef VERIFY_REVIEW_SAME_OBJECT_H
#define VERIFY_REVIEW_SAME_OBJECT_H

#include "review/records.h"

#define SAME_OBJECT_NONE SIZE_MAX

/* A box of the record, among those that lie beside it. */
struct same_object_place {
    const double *xywhn;
    size_t box;
};

struct same_objects {
    size_t capacity, place_capacity;
    size_t *others;                   /* [n_boxes] of each box the other one on its object; owned */
    struct same_object_place *places; /* from left to right; owned */
};

/* Finds for each box of a record the box that overlaps it most, where that is the same object by
 * the IoU that --max-dup has by default; of several the first one. SAME_OBJECT_NONE: there is none.
 * Start with a zeroed struct, which may be used for record after record. */
enum status same_objects_find(const struct record *record, struct same_objects *same);
void same_objects_free(struct same_objects *same);

#endif
