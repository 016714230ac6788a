/* --zoom: labels whose place is in doubt are looked at again, closer. Each is a picture of its own
 * to the backend: what of the image is around the label. Internal to src/job; for the one thread
 * that forwards. */
#ifndef VERIFY_JOB_SECOND_LOOK_H
#define VERIFY_JOB_SECOND_LOOK_H

#include "job/flight.h"

/* A label that is looked at, and what that finds. */
struct look {
    struct item *item;
    size_t label;
    struct crop crop;
    size_t target_capacity, view_capacity;
    struct target *targets; /* of the whole image, as they lie in the crop; owned */
    struct picture_view *views;
    struct findings findings;
};

struct second_look {
    size_t batch, n;    /* looks that are staged: in the backend's slots behind those of items */
    struct look *looks; /* [batch] */
    struct picture *pictures; /* [batch] */
    struct image crop;        /* the pixels of one */
};

/* Nothing where the job has no zoom. On failure, too, second_look_free must be called. */
enum status second_look_make(const struct verify_job *job, size_t batch,
                             struct second_look *second);
void second_look_free(struct second_look *second);

/* Adds to the evidence of the labels of a flight that was collected. Nothing may be submitted. */
enum status second_look_take(const struct verify_job *job, const struct flight *flight,
                             struct second_look *second);

#endif
