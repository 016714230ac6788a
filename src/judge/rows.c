/* Many boxes against one. */
#include "judge/rows.h"

#include "judge/vector_clones.h"

VECTOR_CLONES
void rows_overlap(struct rows rows, struct box box, size_t n, float *out) {
    const float *x1 = rows.x1, *y1 = rows.y1, *x2 = rows.x2, *y2 = rows.y2;
    for (size_t i = 0; i < n; i++)
        out[i] = box_iou(box, (struct box){x1[i], y1[i], x2[i], y2[i]});
}

VECTOR_CLONES
size_t rows_find(struct rows rows, size_t from, size_t end, struct box box, float iou) {
    for (size_t at = from; at < end; at += ROWS_SPAN) {
        size_t n = end - at < ROWS_SPAN ? end - at : ROWS_SPAN;
        const float *x1 = rows.x1 + at, *y1 = rows.y1 + at, *x2 = rows.x2 + at, *y2 = rows.y2 + at;
        int any = 0;
        for (size_t i = 0; i < n; i++)
            any |= box_iou((struct box){x1[i], y1[i], x2[i], y2[i]}, box) > iou;
        if (any)
            return at;
    }
    return end;
}
