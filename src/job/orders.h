/* What ranks say to each other while the work runs, besides the progress that is shown: each
 * reports to rank 0 several times a second and whenever something happens; rank 0 orders. Plain
 * data, sent as bytes. Knows no MPI. */
#ifndef VERIFY_JOB_ORDERS_H
#define VERIFY_JOB_ORDERS_H

#include "job/lease.h"
#include "job/verify.h"

/* Each says more than the one before it, and is never taken back. */
enum order_step {
    ORDER_CONTINUE,
    ORDER_CLOSE,   /* no more images will come */
    ORDER_CANCEL,  /* end early */
    ORDER_END,     /* all have finished, no round is open: one last report, then leave */
    ORDER_ABANDON, /* somebody is lost: bring what is done to the disk, and wait for the end */
};

struct order {
    int32_t command; /* enum order_step */
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

/* Brings what a rank reports of its work up to date. */
void report_update(struct report_line *report, const struct verify_progress *progress);

/* Whether a report is due: something has happened since `sent` that rank 0 should know at once, or
 * it is `seconds` old. */
bool report_is_due(const struct report_line *report, const struct report_line *sent,
                   double seconds);

/* How long a rank may sleep until it looks again: less where somebody may be waiting for it. */
long turn_pause_ms(const struct report_line *report, const struct order *order);

#endif
