/* Label files without an image, counted by a thread of its own beside the work: a large set has
 * many folders. */
#ifndef VERIFY_JOB_ORPHANS_H
#define VERIFY_JOB_ORPHANS_H

#include <pthread.h>

#include "data/dataset.h"

/* Zeroed: nothing is counted, as on other ranks than 0. */
struct orphans {
    const struct dataset *dataset;
    pthread_t thread;
    bool started;
    atomic_bool counting, stop;
    uint64_t count;
};

/* Begins to count; `dataset` must outlive it. Where no thread can be started there are none. */
void orphans_start(const struct dataset *dataset, struct orphans *orphans);
bool orphans_counting(const struct orphans *orphans);
/* Lets the thread leave off; never waits. */
void orphans_stop(struct orphans *orphans);
/* Stops the thread, waits for it and returns how many there are, of those that were seen; 0 where
 * that could not be found out. */
uint64_t orphans_end(struct orphans *orphans);

#endif
