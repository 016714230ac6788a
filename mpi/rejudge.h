/* Verdicts of a run that is there, made anew by other thresholds, by all ranks together. */
#ifndef VERIFY_MPI_REJUDGE_H
#define VERIFY_MPI_REJUDGE_H

#include "output/run_lock.h"
#include "ranks.h"
#include "review/rejudge/flags.h"
#include "totals.h"

/* What is to be done. */
struct rejudge_order {
    const char *output; /* absolute; on all ranks */
    /* The rest on rank 0. */
    const struct options *flags; /* the verdicts': as they are given, before --precision */
    bool complete;               /* the run is: run.json has a note until all is done */
    bool going_on;               /* there is such a note, all drafts are there, and files move */
    bool search;                 /* files may be in other buckets than the manifest says */
    struct run_lock *lock;       /* gets a sign of life meanwhile; NULL: none */
};

/* What it came to, on rank 0; but for `going_on`, whose numbers are in the report alone. */
struct rejudge_outcome {
    struct precision_choice precision;
    uint64_t moved; /* images */
};

/* Collective: makes the verdicts of the run in the output folder anew: records, report, where files
 * lie. totals->tally, zeroed, and what is of the self-test become rank 0's. */
enum status rejudge_all(const struct ranks *ranks, const struct rejudge_order *order,
                        struct totals *totals, struct rejudge_outcome *outcome);

#endif
