/* Oriented boxes: how the label's is turned against the network's. */
#include <math.h>

#include "judge/polygon.h"
#include "judge/tasks.h"

/* From this ratio of its sides on a box is a square, of which only quarter turns are told apart. */
#define SQUARE  0.8f
#define DEGREES 57.2957795f

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

enum status task_obb_judge(const struct task_subject *subject, struct findings *findings,
                           struct task_evidence *evidence) {
    enum status status = STATUS_OK;
    const struct target *target = subject->target;
    const struct letterbox *letterbox = &subject->anchors->letterbox;
    struct point label[CORNERS], own[CORNERS], hull[CORNERS];
    if (target->n_points != CORNERS || target->keypoints)
        return STATUS_OK;
    for (size_t i = 0; i < CORNERS; i++)
        label[i] = (struct point){target->points[2 * i], target->points[2 * i + 1]};
    size_t n = polygon_hull(label, CORNERS, hull);
    struct turned_box box = anchors_turned_box(subject->anchors, subject->anchor);
    turned_corners(box, own);
    for (size_t i = 0; i < CORNERS; i++) {
        own[i].x = (own[i].x - (float)letterbox->left) / letterbox->gain_x;
        own[i].y = (own[i].y - (float)letterbox->top) / letterbox->gain_y;
        if (!isfinite(own[i].x) || !isfinite(own[i].y))
            return STATUS_OK;
    }
    if (n < 3 || polygon_area(own, CORNERS) <= 0)
        return STATUS_OK;
    evidence->agreement = polygon_iou(own, CORNERS, hull, n);
    evidence->error = degrees_between(turned_around(own, CORNERS), turned_around(hull, n));
    for (size_t i = 0; i < CORNERS; i++) {
        TRY(findings_add_number(findings, own[i].x));
        TRY(findings_add_number(findings, own[i].y));
    }
out:
    return status;
}
