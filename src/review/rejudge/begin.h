/* How verdicts of a finished run begin to be made anew, and how that ends. For rank 0. */
#ifndef VERIFY_REVIEW_REJUDGE_BEGIN_H
#define VERIFY_REVIEW_REJUDGE_BEGIN_H

#include "job/options.h"
#include "output/run_lock.h"

/* Zeroed at first. */
struct rejudge_run {
    char *output; /* absolute; owned */
    struct run_lock *lock;
    struct options flags; /* the verdicts': given, else the run's */
    bool going_on;        /* an interrupted one, whose drafts are there */
};

/* Takes the lock of the output folder that the command names. STATUS_BAD_INPUT with one line where
 * no finished run is there, or a file that would be replaced was changed since the run wrote it. On
 * failure, too, rejudge_free must be called. */
enum status rejudge_begin(const struct options *given, struct rejudge_run *run);
/* All is where it belongs: run.json says so, what is left over goes. Appends the numbers of the
 * report that is there now, a line each. */
enum status rejudge_end(const struct rejudge_run *run, struct text *numbers);
void rejudge_free(struct rejudge_run *run);

#endif
