/* How much a network sees where labels are: a table, learned from labels of COCO. */
#include "judge/presence.h"

#include <math.h>

enum { STEPS = 8 };
#define SMALLEST 8.0  /* pixels: of the first row; each next one is larger by sqrt(3) */
#define FLOOR    1e-4 /* evidence of 0 and 1 is this far from the ends of the logit's scale */

/* For sizes by rows and evidence by columns, at equal steps of its logit, which go from that of 0
 * to that of 1. Made by bench/research/presence.py from yolov8n's evidence at 640 on 929 labels of
 * train2017 and 898 of val2017. Large objects are nearly always seen, small ones often not. */
static const double shares[STEPS][STEPS] = {
    {0.249, 0.354, 0.520, 0.845, 0.977, 0.998, 1.000, 1.000}, /* 8 px */
    {0.080, 0.140, 0.307, 0.662, 0.888, 0.963, 0.988, 1.000}, /* 14 px */
    {0.010, 0.039, 0.166, 0.427, 0.695, 0.838, 0.923, 1.000}, /* 24 px */
    {0.000, 0.019, 0.090, 0.260, 0.506, 0.693, 0.807, 1.000}, /* 42 px */
    {0.000, 0.010, 0.034, 0.141, 0.362, 0.562, 0.677, 1.000}, /* 72 px */
    {0.000, 0.003, 0.007, 0.073, 0.222, 0.378, 0.504, 1.000}, /* 125 px */
    {0.000, 0.000, 0.002, 0.039, 0.147, 0.260, 0.374, 1.000}, /* 216 px */
    {0.000, 0.000, 0.000, 0.018, 0.115, 0.219, 0.320, 1.000}, /* 374 px */
};

/* A place between two rows or columns of the table: the first of them, and how far on. */
struct step {
    int first;
    double rest;
};

static struct step step_of(double at) {
    at = fmin(fmax(at, 0), STEPS - 1);
    int first = at < STEPS - 2 ? (int)at : STEPS - 2;
    return (struct step){first, at - first};
}

static double share_in_row(int row, struct step column) {
    double here = shares[row][column.first], next = shares[row][column.first + 1];
    return here + column.rest * (next - here);
}

double presence_share(double size, double seen) {
    seen = fmin(fmax(seen, 0), 1);
    double logit = log((seen + FLOOR) / (1 + FLOOR - seen)), end = log((1 + FLOOR) / FLOOR);
    struct step column = step_of((STEPS - 1) * (logit + end) / (2 * end));
    struct step row = step_of(log(fmax(size, 1) / SMALLEST) / log(sqrt(3)));
    double here = share_in_row(row.first, column), next = share_in_row(row.first + 1, column);
    return here + row.rest * (next - here);
}
