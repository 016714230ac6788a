/* The run in the output folder: which epoch this is, its lock, its journals. */
#ifndef VERIFY_MPI_RUN_H
#define VERIFY_MPI_RUN_H

#include <time.h>

#include "inputs.h"
#include "job/verify.h"
#include "output/journal.h"
#include "output/place.h"
#include "output/run_counts.h"
#include "output/run_lock.h"

/* The environment variable that names an empty file to be made once the run has begun: from then
 * on the same command goes on with --resume, before that it is to be given again as it was. */
#define BEGUN_FILE "VERIFY_BEGUN_FILE"

/* Zeroed: a dry run's, which has none. */
struct run {
    char *output;           /* absolute; owned */
    unsigned epoch;         /* how often this run was resumed */
    bool resumed, complete; /* there was a run to continue; it was finished */
    bool rejudged;         /* its verdicts were made anew: so are those of all images, at the end */
    struct timespec stamp; /* when epoch 0 began, by the clock of its rank 0 */
    uint64_t kept_images;  /* on rank 0: that --overwrite left, as the last of their pictures */
    struct run_lock *lock; /* on rank 0: nobody else writes to the output */
    double lock_beat;      /* when it last got a sign of life */
    enum status lock_status;        /* failed: somebody else has taken the lock over … */
    char lock_message[ERROR_BYTES]; /* … and the message */
    struct placer *placer;
    struct journal *journal;     /* this rank's */
    size_t n_journals;           /* that this rank counts and merges: of earlier epochs, its own */
    struct journal_id *journals; /* owned */
    struct run_counts counts;    /* on rank 0, of a finished run */
};

/* run.c — collective: takes the output folder's lock and begins a run in it, or continues one
 * (--resume). `backend`: the name of the one that computes. `complete`: nothing else is opened. */
enum status run_open(const struct ranks *ranks, const struct options *options,
                     const struct inputs *inputs, const char *backend, struct run *run);
/* On rank 0: the run is done, with run->counts; what only resuming needs goes. The lock is held
 * until run_free. */
enum status run_end(struct run *run);
/* On rank 0, from the start of the work on: a sign of life in the lock every RUN_LOCK_BEAT_SECONDS.
 * Where somebody else has taken it over, lock_status and lock_message say so. */
void run_beat_start(struct run *run, double now);
void run_beat(struct run *run, double now);
/* Zeroed is fine. */
void run_free(struct run *run);

/* resume.c — collective: opens this rank's journal, for these streams. */
enum status run_open_journal(const struct ranks *ranks, unsigned streams, struct run *run);

#endif
