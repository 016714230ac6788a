/* Which of the ranks that this one listens to is lost. Knows no MPI, and no clock but the times it
 * is given (seconds of one steady clock). */
#ifndef VERIFY_JOB_LIVENESS_H
#define VERIFY_JOB_LIVENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/silence.h"

/* A rank that is listened to. */
struct listened {
    struct silence silence;
    int32_t patience; /* seconds more that its step may take, as it announced */
    bool done;        /* it has left: its silence means nothing */
};

/* How long another rank may be silent for this one to call it lost: rank 0 and, of rank 0, rank 1
 * after `hang_seconds`; the others a little later, one after the other, so that each speaks only
 * where those before it are lost, too. */
double liveness_limit(int own_rank, double hang_seconds);

/* The first of `count` ranks that is silent for longer than `limit` and its patience; `count`:
 * none. *seconds: for how long. To be asked several times a second (base/silence.h). */
size_t liveness_lost(struct listened *ranks, size_t count, double limit, double now,
                     double *seconds);

/* How long a step that cannot be divided may take, as it is announced to others: `seconds`, within
 * limits. */
int32_t liveness_patience(double seconds);

#endif
