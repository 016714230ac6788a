/* What the work came to. */
#ifndef VERIFY_MPI_TOTALS_H
#define VERIFY_MPI_TOTALS_H

#include "output/judged_as.h"
#include "output/near_groups.h"
#include "output/tally.h"
#include "ranks.h"

/* Zeroed at first. */
struct totals {
    double started;       /* the run, seconds since 1970 */
    double clock_started; /* the same moment by clock_seconds(), which no one sets back */
    struct tally tally;   /* this rank's, then on rank 0 everybody's */
    bool has_self_test;   /* the run has one; on rank 0, once the tally is everybody's: */
    struct self_test self_test;
    struct judged_as judged_as; /* on rank 0, once all is merged */
    bool has_near;              /* copies were looked for; on rank 0 then: */
    struct near_groups near;
    uint64_t orphan_labels; /* on rank 0 */
    uint64_t images_done;   /* by this rank */
    double seconds;         /* of this rank's work */
    int signal;             /* that ended the work early; 0: none */
    bool model_failed;      /* that is why the work failed, and --resume would fail as well */
    bool failure_shown;     /* on rank 0: an ERROR line has said why the job failed */
};

/* reduce.c — collective: tallies, swaps, failures of all ranks → rank 0's tally. */
enum status tally_reduce(const struct ranks *ranks, struct tally *tally);
/* Collective: what the self-test's sums of all ranks come to, on rank 0, with this threshold. */
enum status self_test_reduce(const struct ranks *ranks, double max_margin, struct totals *totals);

#endif
