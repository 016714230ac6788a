/* Boxes as labels have them. */
#include "review/xywhn.h"

#include <math.h>

static double overlap(double centre, double size, double other_centre, double other_size) {
    double begin = fmax(centre - size / 2, other_centre - other_size / 2);
    double end = fmin(centre + size / 2, other_centre + other_size / 2);
    return fmax(end - begin, 0);
}

double xywhn_iou(const double a[4], const double b[4]) {
    double both = overlap(a[0], a[2], b[0], b[2]) * overlap(a[1], a[3], b[1], b[3]);
    double all = a[2] * a[3] + b[2] * b[3] - both;
    for (int i = 0; i < 4; i++)
        if (isnan(a[i]) || isnan(b[i]))
            return NAN;
    return all > 0 ? both / all : 0;
}
