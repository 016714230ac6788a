/* How a rank waits for others, and when that is said. Times are seconds of one steady clock. */
#ifndef VERIFY_JOB_WAITING_H
#define VERIFY_JOB_WAITING_H

#include <stdbool.h>

enum { WAITING_SAY_SECONDS = 30 };

struct waiting {
    double since;
    bool quiet; /* nothing is said, or it has been said */
};

/* `quiet`: another rank says it. */
struct waiting waiting_start(bool quiet, double now);

/* Whether to sleep until the next look, so that those who have much to do before they come get the
 * cores; at first the wait is too short for that. */
bool waiting_may_sleep(const struct waiting *waiting, double now);

/* Whether it is to be said now that others are being waited for: once. */
bool waiting_is_long(struct waiting *waiting, double now);

#endif
