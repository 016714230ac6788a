/* Arithmetic of polygons in picture pixels. A polygon is n points, x and y of each, in order. */
#ifndef VERIFY_JUDGE_POLYGON_H
#define VERIFY_JUDGE_POLYGON_H

#include <stddef.h>

#include "judge/head_decode.h"

struct point {
    float x, y;
};

/* Most points of a polygon that clipping one of four by another can leave. */
enum { CORNERS = 4, CLIPPED_MOST = 2 * CORNERS };

/* Twice the signed area would be the sum of cross products; this is half its magnitude. */
float polygon_area(const struct point *points, size_t n);

/* The convex hull of n points, at most CORNERS of them, in counter-clockwise order where y points
 * up. Returns its number of points; fewer than 3 span no area. */
size_t polygon_hull(const struct point *points, size_t n, struct point hull[CORNERS]);

/* Intersection over union of two convex polygons of at most CORNERS points each, in polygon_hull's
 * order; 0 where they span no area. */
float polygon_iou(const struct point *a, size_t n_a, const struct point *b, size_t n_b);

/* The corners of a turned box, in polygon_hull's order. */
void turned_corners(struct turned_box box, struct point corners[CORNERS]);
/* The turned box of the least area around a convex polygon: one of its sides lies on one of the
 * polygon's (Freeman and Shapira 1975). Its width is the longer side. n is at least 3. */
struct turned_box turned_around(const struct point *points, size_t n);

#endif
