/* Items that wait until there are enough for a batch of which all are alike: seen by the same
 * networks, at the same shapes. None waits longer than until `window` more images are taken, so
 * that those that are recorded in order behind it wait no longer either. Internal to src/job; for
 * the one thread that forwards. */
#ifndef VERIFY_JOB_GATHERING_H
#define VERIFY_JOB_GATHERING_H

#include "job/item.h"

struct gathering {
    size_t batch, window;
    size_t newest; /* turn of those that came */
    size_t count;  /* items that wait */
    size_t n_groups, capacity;
    struct item_group {
        size_t count, oldest; /* the least turn */
        struct item *first, *last;
    } * groups; /* alike, each in the order in which they came; owned */
};

/* Batches of `batch` items, at least 1. */
struct gathering gathering_of(size_t batch, size_t window);
/* Zeroed is fine. */
void gathering_free(struct gathering *gathering);

/* The item, which has views, waits. */
enum status gathering_add(struct gathering *gathering, struct item *item);

/* Takes a whole batch, else what has waited long enough, else, with `rest`, those that have waited
 * longest and those like them; into `items`, which has room for a batch. Returns how many. */
size_t gathering_take(struct gathering *gathering, bool rest, struct item **items);

#endif
