/* Outlines: the label's polygon against the network's mask. */
#include <math.h>
#include <stdlib.h>

#include "judge/outline.h"
#include "judge/tasks.h"

/* Points of the network's own outline: as many as the label has, within these. */
enum { FEWEST_POINTS = 24, MOST_POINTS = 300 };
/* Points that matter less, in picture pixels, are left out. */
#define TOLERANCE 0.25f

void outlining_free(struct outlining *outlining) {
    mask_free(&outlining->mask);
    contours_free(&outlining->contours);
    free(outlining->crossings[0].x);
    free(outlining->crossings[1].x);
    simplifier_free(&outlining->simplifier);
    *outlining = (struct outlining){0};
}

/* The contour around the largest area: *n points of `contours` from the one returned on. */
static struct point *largest(const struct contours *contours, size_t *n) {
    struct point *found = NULL;
    float most = 0;
    for (size_t i = 0, first = 0; i < contours->n; first = contours->ends[i++]) {
        float area = polygon_area(contours->points + first, contours->ends[i] - first);
        if (area > most) {
            most = area;
            found = contours->points + first;
            *n = contours->ends[i] - first;
        }
    }
    return found;
}

/* Adds the network's outline in about so many points as the label has. */
static enum status suggest(struct outlining *outlining, size_t label_points,
                           struct findings *findings) {
    enum status status = STATUS_OK;
    size_t n = 0, most = label_points < FEWEST_POINTS ? FEWEST_POINTS : label_points;
    struct point *outline = largest(&outlining->contours, &n);
    if (!outline)
        return STATUS_OK;
    TRY(polygon_simplify(&outlining->simplifier, outline, &n,
                         most < MOST_POINTS ? most : MOST_POINTS, TOLERANCE));
    for (size_t i = 0; i < n; i++) {
        TRY(findings_add_number(findings, outline[i].x));
        TRY(findings_add_number(findings, outline[i].y));
    }
out:
    return status;
}

/* The box, as far as it is in the picture. */
static struct box in_picture(struct box box, const struct letterbox *letterbox) {
    struct box cut = {fmaxf(box.x1, 0), fmaxf(box.y1, 0),
                      fminf(box.x2, (float)letterbox->image_width),
                      fminf(box.y2, (float)letterbox->image_height)};
    return cut;
}

enum status task_segment_judge(const struct task_subject *subject, struct findings *findings,
                               struct task_evidence *evidence) {
    enum status status;
    struct outlining *outlining = subject->outlining;
    const struct target *target = subject->target;
    struct box box = in_picture(subject->box, &subject->anchors->letterbox);
    struct region_difference difference;
    bool good;
    if (target->n_points < 3 || target->keypoints)
        return STATUS_OK;
    TRY(mask_make(&outlining->mask, subject->anchors, subject->anchor, box, &good));
    if (!good)
        return STATUS_OK;
    TRY(contours_find(&outlining->contours, &outlining->mask, box));
    const struct contours *contours = &outlining->contours;
    const struct region own = {contours->n, contours->ends, contours->points};
    /* A target's points are numbers in pairs. */
    const struct region label = {1, &target->n_points, (const struct point *)target->points};
    TRY(region_compare(&own, &label, outlining->crossings, &difference, &good));
    if (!good)
        return STATUS_OK;
    evidence->agreement = difference.iou;
    evidence->error = difference.distance;
    TRY(suggest(outlining, target->n_points, findings));
out:
    return status;
}
