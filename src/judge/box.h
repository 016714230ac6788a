/* Arithmetic of boxes, for C and CUDA C. */
#ifndef VERIFY_JUDGE_BOX_H
#define VERIFY_JUDGE_BOX_H

#include <stdbool.h>

#include "base/inline.h"

/* Corners in pixels, of the picture where nothing else is said; x1 <= x2, y1 <= y2. A box of no
 * area overlaps nothing. */
struct box {
    float x1, y1, x2, y2;
};

/* Coordinates beyond this are taken for a network's or a file's nonsense: areas of smaller ones
 * stay finite. */
#define BOX_LIMIT 1e7f

VERIFY_INLINE struct box box_of(const float corners[4]) {
    struct box box = {corners[0], corners[1], corners[2], corners[3]};
    return box;
}

/* Whether the box has an area and finite, sensible corners; false for not-a-number. */
VERIFY_INLINE bool box_usable(struct box box) {
    return box.x1 >= -BOX_LIMIT && box.y1 >= -BOX_LIMIT && box.x2 <= BOX_LIMIT &&
           box.y2 <= BOX_LIMIT && box.x2 > box.x1 && box.y2 > box.y1;
}

/* The box, or an empty one at the origin where it is not usable. */
VERIFY_INLINE struct box box_or_empty(struct box box) {
    struct box empty = {0, 0, 0, 0};
    return box_usable(box) ? box : empty;
}

VERIFY_INLINE float box_area(struct box box) {
    return (box.x2 - box.x1) * (box.y2 - box.y1);
}

/* The area of the intersection. */
VERIFY_INLINE float box_shared(struct box a, struct box b) {
    float width = (a.x2 < b.x2 ? a.x2 : b.x2) - (a.x1 > b.x1 ? a.x1 : b.x1);
    float height = (a.y2 < b.y2 ? a.y2 : b.y2) - (a.y1 > b.y1 ? a.y1 : b.y1);
    return (width > 0 ? width : 0) * (height > 0 ? height : 0);
}

/* Intersection over union, 0 to 1; of usable or empty boxes. */
VERIFY_INLINE float box_iou(struct box a, struct box b) {
    float inter = box_shared(a, b);
    return inter / (box_area(a) + box_area(b) - inter + 1e-9f);
}

#endif
