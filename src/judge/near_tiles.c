/* Which boxes could lie near a label at all: only those are decoded. */
#include "judge/evidence_math.h"
#include "judge/scratch.h"

/* How much of [low, high] lies within [from, to]. */
static float covered(float low, float high, float from, float to) {
    float length = (high < to ? high : to) - (low > from ? low : from);
    return length > 0 ? length : 0;
}

/* How far the interval [from, to] lies from [low, high]. */
static float apart(float low, float high, float from, float to) {
    float gap = low - to > from - high ? low - to : from - high;
    return gap > 0 ? gap : 0;
}

/* No box that holds a point of `centres` and extends at most `extent` from it has a higher IoU with
 * `label`: it covers at most t by s of it and must span the gaps dx and dy to it, so that
 * IoU <= t s / (area + t dy + s dx + dx dy), which grows with t and s. */
static float iou_bound(struct box label, struct box centres, float extent) {
    float t = covered(label.x1, label.x2, centres.x1 - extent, centres.x2 + extent);
    float s = covered(label.y1, label.y2, centres.y1 - extent, centres.y2 + extent);
    float dx = apart(label.x1, label.x2, centres.x1, centres.x2);
    float dy = apart(label.y1, label.y2, centres.y1, centres.y2);
    return t * s / (box_area(label) + t * dy + s * dx + dx * dy);
}

/* The centres of a tile's cells in network pixels. */
static struct box tile_centres(const struct anchors *anchors, const struct tile *tile) {
    const struct plane *plane = &anchors->planes[tile->plane];
    size_t end = tile->first + TILE < plane->cells ? tile->first + TILE : plane->cells;
    size_t first_row = tile->first / plane->width, last_row = (end - 1) / plane->width;
    bool one_row = first_row == last_row;
    size_t first = one_row ? tile->first % plane->width : 0;
    size_t last = one_row ? (end - 1) % plane->width : plane->width - 1;
    return (struct box){
        ((float)first + 0.5f) * plane->stride, ((float)first_row + 0.5f) * plane->stride,
        ((float)last + 0.5f) * plane->stride, ((float)last_row + 0.5f) * plane->stride};
}

static bool any_label_near(const struct judge_scratch *scratch, const struct anchors *anchors,
                           const struct tile *tile, float extent) {
    const struct letterbox *letterbox = &anchors->letterbox;
    float left = (float)letterbox->left, top = (float)letterbox->top;
    float gain_x = letterbox->gain_x, gain_y = letterbox->gain_y;
    struct box centres = tile_centres(anchors, tile);
    for (size_t i = 0; i < scratch->n_subjects; i++) {
        const struct subject *subject = &scratch->subjects[i];
        struct box label = {subject->box.x1 * gain_x + left, subject->box.y1 * gain_y + top,
                            subject->box.x2 * gain_x + left, subject->box.y2 * gain_y + top};
        /* A little below, for rounding. */
        if (subject->known && iou_bound(label, centres, extent) > 0.99f * NEAR_IOU)
            return true;
    }
    return false;
}

void near_tiles_decode(const struct judge_scratch *scratch, struct anchors *anchors) {
    const struct head *head = anchors->head;
    if (scratch->n_classes == 0)
        return;
    /* DFL's distances are between 0 and bins - 1 strides; other heads' boxes are cheap. */
    bool bounded = head->kind == HEAD_DISTANCE && head->bins > 1;
    /* A turned box's corners lie no farther than the diagonal. */
    float most = (float)(head->bins - 1) * (head->task == TASK_OBB ? 1.4143f : 1.0f);
    for (size_t i = 0; i < anchors->n_tiles; i++) {
        const struct tile *tile = &anchors->tiles[i];
        float extent = most * anchors->planes[tile->plane].stride;
        if (!bounded || any_label_near(scratch, anchors, tile, extent))
            anchors_decode(anchors, i);
    }
}
