/* Which of the ranks that this one listens to is lost. */
#include "job/liveness.h"

/* How much later than rank 1 the others find that rank 0 is lost, one after the other. */
#define STAGGER_FIRST   2.0
#define STAGGER_SECONDS 0.2
#define STAGGER_MOST    7.0

double liveness_limit(int own_rank, double hang_seconds) {
    double stagger = own_rank > 1 ? STAGGER_FIRST + STAGGER_SECONDS * (own_rank - 2) : 0;
    return hang_seconds + (stagger < STAGGER_MOST ? stagger : STAGGER_MOST);
}

size_t liveness_lost(struct listened *ranks, size_t count, double limit, double now,
                     double *seconds) {
    size_t lost = count;
    for (size_t i = 0; i < count; i++) {
        /* Of each, whatever comes of the others: who is not looked at keeps its silence. */
        double silence = silence_measure(&ranks[i].silence, now);
        if (lost < count || silence < limit + ranks[i].patience || ranks[i].done)
            continue;
        lost = i;
        *seconds = silence;
    }
    return lost;
}

int32_t liveness_patience(double seconds) {
    enum { MOST_SECONDS = 86400 };
    return seconds < MOST_SECONDS ? (int32_t)seconds : MOST_SECONDS;
}
