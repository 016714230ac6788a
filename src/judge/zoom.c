/* A closer look at a label: where, and what it adds. */
#include "judge/zoom.h"

#include <math.h>

#include "judge/box.h"
#include "judge/evidence_math.h"

/* In times of the label's longer side, and in pixels. */
#define SIDE       3.0
#define LEAST_SIDE 40.0
/* In times of the label's size in the network's input, below which a crop shows little more. */
#define LEAST_GAIN 1.2

uint32_t zoom_size(uint32_t imgsz, uint32_t stride) {
    return (imgsz / 2 + stride - 1) / stride * stride;
}

static double clamp(double x, double low, double high) {
    return fmin(fmax(x, low), high);
}

/* Where a crop of `size` begins, so that it is around the middle of [low, high], as far as the
 * picture reaches. */
static uint32_t begin(double low, double high, uint32_t size, uint32_t picture) {
    return (uint32_t)clamp((low + high - size) / 2, 0, picture - size);
}

static uint32_t larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

bool zoom_plan(const struct evidence *evidence, const struct target *target, uint32_t width,
               uint32_t height, struct crop *crop) {
    struct box box = box_of(target->box);
    if (!evidence->judged || !(evidence->shift > SHIFT_DOUBTED) || !box_usable(box))
        return false;
    double longer = fmax((double)box.x2 - (double)box.x1, (double)box.y2 - (double)box.y1);
    double side = fmax(LEAST_SIDE, SIDE * longer);
    crop->width = (uint32_t)fmin(side, width);
    crop->height = (uint32_t)fmin(side, height);
    crop->x = begin((double)box.x1, (double)box.x2, crop->width, width);
    crop->y = begin((double)box.y1, (double)box.y2, crop->height, height);
    return larger(width, height) >= 2 * LEAST_GAIN * larger(crop->width, crop->height);
}

void zoom_targets(const struct target *targets, size_t n, const struct crop *crop,
                  struct target *out) {
    float x = (float)crop->x, y = (float)crop->y;
    for (size_t i = 0; i < n; i++) {
        const float *box = targets[i].box;
        out[i] = (struct target){.class = targets[i].class,
                                 .box = {box[0] - x, box[1] - y, box[2] - x, box[3] - y}};
    }
}

void zoom_add(const struct evidence *closer, const struct crop *crop, struct evidence *evidence) {
    float x = (float)crop->x, y = (float)crop->y;
    const float *refined = closer->refined;
    if (closer->has_refined && (!evidence->has_refined || closer->found > evidence->found)) {
        evidence->has_refined = true;
        evidence->refined[0] = refined[0] + x;
        evidence->refined[1] = refined[1] + y;
        evidence->refined[2] = refined[2] + x;
        evidence->refined[3] = refined[3] + y;
        evidence->location = closer->location;
    }
    evidence->near = (evidence->near + closer->near) / 2;
    evidence->here = (evidence->here + closer->here) / 2;
    evidence->found = (evidence->found + closer->found) / 2;
    evidence->shift = evidence_shift(evidence->near, evidence->here);
    evidence->ghost =
        evidence_ghost(evidence->size, evidence->own, evidence->contest, evidence->near);
}
