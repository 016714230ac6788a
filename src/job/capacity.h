/* How many threads and images a rank keeps busy. */
#ifndef VERIFY_JOB_CAPACITY_H
#define VERIFY_JOB_CAPACITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capacity {
    size_t readers, placers; /* threads */
    size_t batch;            /* images that the backend forwards together */
    size_t slots;            /* images in flight */
    size_t window;           /* of these, those that may wait for others like them */
};

/* A rank's threads: `wanted` (--threads) where that is not 0, else its part of the `cores` that
 * `local_size` ranks of a node share; at least 1. */
size_t threads_share(int64_t wanted, size_t cores, int local_size);

/* `slow`: forwarding an image takes tens of times as long as reading one, as on a CPU. `gathers`:
 * images differ, and batches are to be of images that are alike. `depth`: how many batches the
 * backend takes before the first comes back. */
struct capacity capacity_plan(bool slow, bool gathers, size_t threads, size_t batch, size_t depth);

/* For a dry run, which forwards nothing. */
struct capacity capacity_plan_dry(size_t threads);

#endif
