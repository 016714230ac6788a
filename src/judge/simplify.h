/* Polygons of fewer points. */
#ifndef VERIFY_JUDGE_SIMPLIFY_H
#define VERIFY_JUDGE_SIMPLIFY_H

#include "base/status.h"
#include "judge/polygon.h"

/* What simplifying needs; owned, zeroed at first. */
struct simplifier {
    float *weight; /* by point */
    size_t weight_capacity;
    float *sorted;
    size_t sorted_capacity;
    size_t (*spans)[2]; /* to be split */
    size_t span_capacity;
};

/* Leaves of n points, in their order, those that matter most, at least 3 and at most `most`, which
 * is 3 or more, and none without which the rest is nowhere `tolerance` away: a point's weight is
 * the tolerance up to which Douglas and Peucker (1973) keep it. Returns in *n how many; fewer than
 * 3 stay as they are. */
enum status polygon_simplify(struct simplifier *simplifier, struct point *points, size_t *n,
                             size_t most, float tolerance);
void simplifier_free(struct simplifier *simplifier);

#endif
