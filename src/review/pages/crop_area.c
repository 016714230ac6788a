/* Which part of its picture a finding's crop shows. */
#include "review/pages/crop_area.h"

#include <math.h>

#define AROUND     2.0       /* as large as the boxes */
#define LEAST_PART (1.0 / 6) /* of the picture's longer side */

/* Makes room for a box (centre, width, height); one that is no box changes nothing. */
static void add_box(const double xywhn[4], struct image_area *area) {
    for (int i = 0; i < 4; i++)
        if (!isfinite(xywhn[i]))
            return;
    area->left = fmin(area->left, xywhn[0] - xywhn[2] / 2);
    area->top = fmin(area->top, xywhn[1] - xywhn[3] / 2);
    area->right = fmax(area->right, xywhn[0] + xywhn[2] / 2);
    area->bottom = fmax(area->bottom, xywhn[1] + xywhn[3] / 2);
}

static struct image_area boxes_of(const struct record *record, const struct finding *finding) {
    struct image_area area = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    if (finding->kind == FINDING_MISSING)
        add_box(record->missing[finding->item].xywhn, &area);
    if (finding->kind != FINDING_BOX)
        return area;
    const struct record_box *box = &record->boxes[finding->item];
    add_box(box->xywhn, &area);
    if (finding_model_box(box))
        add_box(finding_model_box(box), &area);
    if (finding->other != FINDING_NO_OTHER)
        add_box(record->boxes[finding->other].xywhn, &area);
    return area;
}

/* Where a side of the square begins, in pixels. */
static double begin_of(double centre, double side, double length) {
    if (side >= length)
        return (length - side) / 2;
    return fmin(fmax(centre - side / 2, 0), length - side);
}

static struct image_area around(const struct record *record, struct image_area boxes) {
    double width = record->width, height = record->height, longer = fmax(width, height);
    if (longer <= 0)
        return (struct image_area){0};
    if (boxes.left > boxes.right)
        boxes = (struct image_area){0, 0, 1, 1};
    double side =
        AROUND * fmax((boxes.right - boxes.left) * width, (boxes.bottom - boxes.top) * height);
    side = fmin(fmax(side, longer * LEAST_PART), longer);
    double left = begin_of((boxes.left + boxes.right) / 2 * width, side, width);
    double top = begin_of((boxes.top + boxes.bottom) / 2 * height, side, height);
    return (struct image_area){left / width, top / height, (left + side) / width,
                               (top + side) / height};
}

struct image_area crop_area(const struct record *record, const struct finding *finding) {
    return around(record, boxes_of(record, finding));
}

struct image_area crop_area_whole(const struct record *record) {
    return around(record, (struct image_area){0, 0, 1, 1});
}
