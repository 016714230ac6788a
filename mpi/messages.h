/* What ranks say to each other while the work runs, besides the progress that is shown
 * (progress.h). Each rank reports to rank 0 several times a second and whenever something happens;
 * rank 0 orders. Both are synchronous sends, so that not more than one each way is under way and
 * who is stopped is not buried in them. Images travel from rank to rank in parcels
 * (src/job/work.h). Plain data, sent as bytes. */
#ifndef VERIFY_MPI_MESSAGES_H
#define VERIFY_MPI_MESSAGES_H

#include "job.h"
#include "job/lease.h"

enum { TAG_REPORT, TAG_ORDER, TAG_PARCEL };

/* Each says more than the one before it, and is never taken back. */
enum command {
    COMMAND_CONTINUE,
    COMMAND_CLOSE,   /* no more images will come */
    COMMAND_CANCEL,  /* end early */
    COMMAND_END,     /* all have finished, no round is open: one last report, then leave */
    COMMAND_ABANDON, /* somebody is lost: bring what is done to the disk, and wait for the end */
};

struct order {
    int32_t command; /* enum command */
    int32_t signal;  /* the first that came to any rank; 0: none */
    int32_t taker;   /* of a parcel that is to be sent; -1: none */
    uint64_t count;  /* images in it */
    uint64_t rounds; /* of the progress that are called, from the start */
};

struct report_line {
    struct lease_line stand;
    int32_t status;   /* enum status of its work */
    int32_t finished; /* no thread of it works any more */
    int32_t signal;   /* that came to this rank; 0: none */
    int32_t saved;    /* abandoned, and what is done is on the disk */
    int32_t last;     /* the rank leaves */
};

#endif
