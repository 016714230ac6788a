/* Oriented boxes: how the label's is turned against the network's. */
#include <math.h>

#include "judge/evidence_math.h"
#include "judge/polygon.h"
#include "judge/tasks.h"

/* From this ratio of its sides on a box is a square, of which only quarter turns are told apart. */
#define SQUARE  0.8f
#define DEGREES 57.2957795f

/* What an anchor counts that is turned so that nothing of it is on the label's box, beside 1. */
#define TURNED_OTHERWISE 0.1f

static bool is_square(struct turned_box box) {
    return fminf(box.width, box.height) > SQUARE * fmaxf(box.width, box.height);
}

/* The angle of the longer side. */
static float long_angle(struct turned_box box) {
    return box.width >= box.height ? box.angle : box.angle + 1.57079633f;
}

/* Degrees between two boxes: a box turned by half is the same one. */
static float degrees_between(struct turned_box a, struct turned_box b) {
    float same = is_square(a) || is_square(b) ? 90 : 180;
    float angle = fabsf(fmodf((long_angle(a) - long_angle(b)) * DEGREES, same));
    return fminf(angle, same - angle);
}

/* The corners of an anchor's box in picture pixels; false: they are no numbers. */
static bool own_corners(const struct anchors *anchors, uint32_t anchor,
                        struct point corners[CORNERS]) {
    const struct letterbox *letterbox = &anchors->letterbox;
    bool finite = true;
    turned_corners(anchors_turned_box(anchors, anchor), corners);
    for (size_t i = 0; i < CORNERS; i++) {
        corners[i].x = (corners[i].x - (float)letterbox->left) / letterbox->gain_x;
        corners[i].y = (corners[i].y - (float)letterbox->top) / letterbox->gain_y;
        finite = finite && isfinite(corners[i].x) && isfinite(corners[i].y);
    }
    return finite;
}

static enum status add_corners(const struct point corners[CORNERS], struct findings *findings) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < CORNERS; i++) {
        TRY(findings_add_number(findings, corners[i].x));
        TRY(findings_add_number(findings, corners[i].y));
    }
out:
    return status;
}

/* The view's number of the judge's class; the head's n_classes: it does not know it. */
static size_t class_in_view(const struct anchors *anchors, int32_t class) {
    size_t i = 0;
    while (i < anchors->head->n_classes && anchors_class(anchors, i) != (uint32_t) class)
        i++;
    return i;
}

/* The anchor near the label that speaks most for it as both are turned: among objects that lie
 * side by side, upright hulls overlap where the boxes do not. Those that are turned otherwise count
 * little, but count, since the label may be the one that is turned wrongly. */
static uint32_t choose_anchor(const struct task_subject *subject, const struct point *hull,
                              size_t n_hull) {
    const struct anchors *anchors = subject->anchors;
    struct box label = box_or_empty(box_of(subject->target->box));
    size_t class = class_in_view(anchors, subject->target->class), n = anchors->n_slots * TILE;
    uint32_t chosen = subject->anchor;
    float most = 0;
    if (class == anchors->head->n_classes)
        return chosen;
    for (size_t at = 0; (at = rows_find(anchors->rows, at, n, label, NEAR_IOU)) < n;
         at += ROWS_SPAN)
        for (size_t place = at; place < n && place < at + ROWS_SPAN; place++) {
            struct point own[CORNERS];
            float u = box_iou(anchors_box_at(anchors, place), label);
            float value =
                u > NEAR_IOU ? ramp_refine(u) * anchors_score_at(anchors, place, class) : 0;
            if (value * (TURNED_OTHERWISE + 1) <= most ||
                !own_corners(anchors, anchors_id(anchors, place), own))
                continue;
            float r = polygon_iou(own, CORNERS, hull, n_hull);
            value *= TURNED_OTHERWISE + r * r;
            if (value <= most)
                continue;
            most = value;
            chosen = anchors_id(anchors, place);
        }
    return chosen;
}

enum status task_obb_describe(const struct anchors *anchors, uint32_t anchor,
                              struct findings *findings) {
    struct point own[CORNERS];
    return own_corners(anchors, anchor, own) ? add_corners(own, findings) : STATUS_OK;
}

enum status task_obb_judge(const struct task_subject *subject, struct findings *findings,
                           struct task_evidence *evidence) {
    const struct target *target = subject->target;
    struct point label[CORNERS], own[CORNERS], hull[CORNERS];
    if (target->n_points != CORNERS || target->keypoints)
        return STATUS_OK;
    for (size_t i = 0; i < CORNERS; i++)
        label[i] = (struct point){target->points[2 * i], target->points[2 * i + 1]};
    size_t n = polygon_hull(label, CORNERS, hull);
    if (n < 3 || !own_corners(subject->anchors, choose_anchor(subject, hull, n), own) ||
        polygon_area(own, CORNERS) <= 0)
        return STATUS_OK;
    evidence->agreement = polygon_iou(own, CORNERS, hull, n);
    evidence->error = degrees_between(turned_around(own, CORNERS), turned_around(hull, n));
    return add_corners(own, findings);
}
