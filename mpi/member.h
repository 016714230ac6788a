/* A rank's end of the talk with rank 0, and with the ranks that it exchanges images with. */
#ifndef VERIFY_MPI_MEMBER_H
#define VERIFY_MPI_MEMBER_H

#include "base/text.h"
#include "messages.h"
#include "output/journal.h"
#include "progress.h"
#include "signals.h"

struct member {
    const struct ranks *ranks;
    struct signals *signals;
    struct journal *journal; /* NULL: none */
    struct progress *progress;
    struct verify *verify;
    struct work *work;
    struct verify_progress now;    /* where the work stands; notes that are not yet on their way */
    struct report_line mine, sent; /* as it is; as it was sent last */
    MPI_Request sending;
    double reported; /* when */
    struct order order, coming;
    MPI_Request receiving;
    bool give;          /* order.taker is to get a parcel */
    struct text parcel; /* on its way to another rank */
    MPI_Request giving;
    char *taken; /* on its way to this rank; owned */
    int taken_bytes;
    MPI_Request taking;
    char error[ERROR_BYTES]; /* a parcel could not be taken in; "" where it could */
    bool left;               /* the last report has gone */
};

/* Begins the first round of progress. `journal` may be NULL. */
void member_start(struct member *member, struct progress *progress, struct signals *signals,
                  struct journal *journal, struct verify *verify, struct work *work);

/* Does what there is to do at this moment; never waits. */
void member_turn(struct member *member, double now);

/* Frees what is no longer on its way. */
void member_free(struct member *member);

#endif
