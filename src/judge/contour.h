/* The outline of a mask, between the values that it is made of. */
#ifndef VERIFY_JUDGE_CONTOUR_H
#define VERIFY_JUDGE_CONTOUR_H

#include "judge/mask.h"
#include "judge/polygon.h"

/* Closed lines around all parts of a mask, one after the other, and around the holes in them, in
 * picture pixels; owned, zeroed at first, and made again from mask to mask. */
struct contours {
    size_t n, end_capacity;
    size_t *ends; /* [n]: index behind the last point of each */
    size_t n_points, point_capacity;
    struct point *points;
    size_t width, height; /* of the grid: samples and, around them, a ring that is outside */
    float *grid;          /* (height, width): logits */
    size_t grid_capacity;
    bool *passed; /* (height, width): the line between a sample and the one right of it is crossed
                     by a contour that is there already */
    size_t passed_capacity;
    float *places; /* x of the columns, y of the rows */
    size_t place_capacity;
};

/* Follows where the mask within a box is 0 (marching squares; Lorensen and Cline 1987), on a grid
 * of samples half a cell apart, 16 to 128 on a side. The mask was made of that box, which is within
 * the picture. */
enum status contours_find(struct contours *contours, const struct mask *mask, struct box box);
void contours_free(struct contours *contours);

#endif
