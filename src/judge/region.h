/* Regions of a picture that closed lines bound, and how two of them differ. */
#ifndef VERIFY_JUDGE_REGION_H
#define VERIFY_JUDGE_REGION_H

#include <stdbool.h>

#include "base/status.h"
#include "judge/polygon.h"

/* What lies within an odd number of these polygons, as cv2.fillPoly has it: a line that is followed
 * there and back, by which one outline goes on to the next, bounds nothing. */
struct region {
    size_t n;           /* polygons */
    const size_t *ends; /* [n]: index behind the last point of each */
    const struct point *points;
};

/* Where one line across a picture crosses a region's boundary; owned, zeroed at first. */
struct crossings {
    size_t n, capacity;
    float *x;
};

struct region_difference {
    float iou;      /* intersection over union, 0 to 1 */
    float distance; /* mean distance of the two boundaries: the area that is in one region alone, by
                       the boundaries' mean length */
};
/* Measures along lines, so many across both regions: areas are exact in x and the midpoint rule's
 * in y. *measured: false where there is no area, or a point is not finite. */
enum { REGION_LINES = 128 };
enum status region_compare(const struct region *a, const struct region *b,
                           struct crossings memory[2], struct region_difference *difference,
                           bool *measured);

#endif
