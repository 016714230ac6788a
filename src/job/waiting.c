/* How a rank waits for others, and when that is said. */
#include "job/waiting.h"

/* Longer than what a collective call itself mostly takes. */
#define AWAKE_SECONDS 0.02

struct waiting waiting_start(bool quiet, double now) {
    return (struct waiting){now, quiet};
}

bool waiting_may_sleep(const struct waiting *waiting, double now) {
    return now - waiting->since >= AWAKE_SECONDS;
}

bool waiting_is_long(struct waiting *waiting, double now) {
    bool is_long = !waiting->quiet && now - waiting->since > WAITING_SAY_SECONDS;
    waiting->quiet = waiting->quiet || is_long;
    return is_long;
}
