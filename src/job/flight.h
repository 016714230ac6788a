/* Items that are with the backend: batches submitted and not yet collected. Internal to src/job;
 * for the one thread that forwards. */
#ifndef VERIFY_JOB_FLIGHT_H
#define VERIFY_JOB_FLIGHT_H

#include "job/item.h"

/* Items that went to the backend together. */
struct flight {
    size_t n_items, n_pictures; /* in a dry run items have no picture */
    struct item **items;        /* [batch] */
    struct picture *pictures;   /* [batch] */
};

/* Those that are submitted: a ring of as many as the backend takes, the oldest first. */
struct flights {
    size_t depth, batch, first, count;
    struct flight *ring;
};

/* On failure, too, flights_free must be called. */
enum status flights_make(const struct verify_job *job, struct flights *flights);
void flights_free(struct flights *flights);

/* The flight to fill next, room for `batch` items; NULL: as many as the backend takes are
 * submitted. */
struct flight *flights_next(struct flights *flights);
/* Submits the flight of flights_next with its n_items. */
enum status flights_submit(const struct verify_job *job, struct flights *flights);
/* Collects the oldest flight; *out is valid until flights_next. */
enum status flights_collect(const struct verify_job *job, struct flights *flights,
                            const struct flight **out);

#endif
