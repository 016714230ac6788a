/* Many boxes, a row a coordinate, so that loops over them vectorise. */
#ifndef VERIFY_JUDGE_ROWS_H
#define VERIFY_JUDGE_ROWS_H

#include <stddef.h>

#include "judge/box.h"

struct rows {
    float *x1, *y1, *x2, *y2;
};

/* Four rows of `room` floats in one array. */
static inline struct rows rows_in(float *floats, size_t room) {
    return (struct rows){floats, floats + room, floats + 2 * room, floats + 3 * room};
}

/* Those from `first` on. */
static inline struct rows rows_from(struct rows rows, size_t first) {
    return (struct rows){rows.x1 + first, rows.y1 + first, rows.x2 + first, rows.y2 + first};
}

static inline struct box rows_box(struct rows rows, size_t i) {
    return (struct box){rows.x1[i], rows.y1[i], rows.x2[i], rows.y2[i]};
}

static inline void rows_set(struct rows rows, size_t i, struct box box) {
    rows.x1[i] = box.x1;
    rows.y1[i] = box.y1;
    rows.x2[i] = box.x2;
    rows.y2[i] = box.y2;
}

/* The IoU of `box` with each of the first n. */
void rows_overlap(struct rows rows, struct box box, size_t n, float *out);

/* The first index from `from` on, in steps of ROWS_SPAN, behind which one of as many boxes overlaps
 * `box` by more than `iou`; `end`: none before it does. */
enum { ROWS_SPAN = 16 };
size_t rows_find(struct rows rows, size_t from, size_t end, struct box box, float iou);

#endif
