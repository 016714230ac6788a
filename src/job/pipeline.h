/* The threads of a rank's work, and what they share. Internal to src/job: verify.h is the way in.
 *
 * Items go round: free → (read, stage) → ready → (forward) → judged → (judge, place) → recorded in
 * the order of taking → free; what cannot be read is judged at once. In a dry run readers do all of
 * it. Readers take a free item first and an image for it then, so that every image that is taken
 * has an item and the order can be kept with a pool of any size. */
#ifndef VERIFY_JOB_PIPELINE_H
#define VERIFY_JOB_PIPELINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/queue.h"
#include "base/silence.h"
#include "job/item.h"

struct verify {
    const struct verify_job *job;
    struct work *work;
    struct tally *tally;
    struct image_budget *budget;
    struct outage *outage;
    struct notes notes;
    size_t n_items;
    struct item *items;
    struct queue free, ready, judged;
    pthread_mutex_t order_mutex;
    size_t recorded;       /* images finished, in the order of taking */
    struct item **waiting; /* [n_items] finished out of order, by turn modulo n_items */
    size_t n_threads;
    pthread_t *threads;
    atomic_size_t readers, workers; /* still running; all but the syncer are workers */
    atomic_bool stopped;
    pthread_mutex_t end_mutex;
    pthread_cond_t ended; /* stopped or finished; the syncer waits for it */
    pthread_mutex_t failure_mutex;
    enum status status;
    char message[ERROR_BYTES];
    bool model_failed; /* as in struct verify_progress */
    atomic_uint_least64_t done;
    uint64_t started; /* by clock_ns */
    atomic_bool finished;
    atomic_uint_least64_t recorded_ns; /* when the last image was finished, since the start */
    struct silence silence; /* since an image was finished; the polling thread's, as what follows */
    uint64_t seen_done;
    bool stall_noted;
    atomic_uint_least64_t stage_ns[STAGE_COUNT];
};

/* What the threads run; `argument` is the struct verify. Each ends once nothing comes to it any
 * more, or the work is stopped. */
void *pipeline_read(void *argument);
void *pipeline_forward(void *argument); /* one */
void *pipeline_judge(void *argument);
void *pipeline_sync(void *argument); /* one, where there is a journal */

/* Stops the work with this failure, if it is the first; threads leave at their next step.
 * `model_failed`: as in struct verify_progress. */
void pipeline_stop(struct verify *verify, enum status status, bool model_failed);

/* Sets `how`, which is verify->stopped or verify->finished, and wakes who waits for the end. */
void pipeline_end(struct verify *verify, atomic_bool *how);

/* Nanoseconds since `start`, a time of clock_ns; at least 1. */
uint64_t pipeline_since(uint64_t start);

#endif
