/* Who gives images to whom, so that all ranks end at the same time. Rank 0 is told where each rank
 * stands and makes the matches; the images themselves go from rank to rank, in parcels. Knows no
 * MPI, and no clock but the times it is given (seconds of one steady clock). */
#ifndef VERIFY_JOB_LEASE_H
#define VERIFY_JOB_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Where a rank stands. */
struct lease_line {
    uint64_t done;           /* finished */
    uint64_t held;           /* taken and not finished: these it keeps */
    uint64_t left;           /* not taken */
    uint64_t sent, received; /* parcels, ever: on their way no more, added to `left` */
};

struct lease_order {
    size_t giver, taker;
    uint64_t count; /* images; the giver sends fewer, or none, in the parcel where it has fewer */
};

struct lease;

/* NULL for lack of memory. */
struct lease *lease_make(size_t ranks);
void lease_free(struct lease *lease);

/* Where a rank stands, as it was received at `now`. */
void lease_report(struct lease *lease, size_t rank, const struct lease_line *line, double now);

/* The next match to be made, to be carried out whatever happens; false: none for now. A giver sends
 * one parcel at a time. */
bool lease_match(struct lease *lease, double now, struct lease_order *order);

/* Whether no parcel is on its way. */
bool lease_quiet(const struct lease *lease);
/* Whether, besides, no rank has any image left to take: nothing will be given any more. */
bool lease_over(const struct lease *lease);

#endif
