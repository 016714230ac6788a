/* Pairs of labels, in a sweep from left to right: a picture may have 10,000 labels. */
#include "review/same_object.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "review/xywhn.h"

static const double SAME_IOU = 0.7;

/* Boxes of this IoU have widths w and at most w / IoU, and share IoU of the wider one: so much of w
 * lies between their centres at most, and a little for the rounding. */
static const double REACH = (1 - 0.7) / 0.7 + 1e-6;

static int from_left(const void *a, const void *b) {
    const struct same_object_place *x = a, *y = b;
    for (int i = 0; i < 4; i++)
        if (x->xywhn[i] != y->xywhn[i])
            return x->xywhn[i] < y->xywhn[i] ? -1 : 1;
    return x->box < y->box ? -1 : x->box > y->box;
}

static bool is_equal(const struct same_object_place *a, const struct same_object_place *b) {
    for (int i = 0; i < 4; i++)
        if (a->xywhn[i] != b->xywhn[i])
            return false;
    return true;
}

static bool is_box(const struct record_box *box) {
    for (int i = 0; i < 4; i++)
        if (!isfinite(box->xywhn[i]))
            return false;
    return true;
}

struct best {
    size_t box;
    double iou;
};

static void consider(const struct same_object_place *place, const struct same_object_place *other,
                     struct best *best) {
    double iou = xywhn_iou(place->xywhn, other->xywhn);
    if (iou < SAME_IOU || iou < best->iou || (iou == best->iou && other->box > best->box))
        return;
    *best = (struct best){other->box, iou};
}

/* The best of those within reach, to either side. */
static size_t sweep(const struct same_object_place *places, size_t n, size_t at) {
    struct best best = {SAME_OBJECT_NONE, 0};
    const struct same_object_place *place = &places[at];
    double reach = REACH * place->xywhn[2];
    for (size_t i = at; i-- > 0 && place->xywhn[0] - places[i].xywhn[0] <= reach;)
        consider(place, &places[i], &best);
    for (size_t i = at + 1; i < n && places[i].xywhn[0] - place->xywhn[0] <= reach; i++)
        consider(place, &places[i], &best);
    return best.box;
}

/* Those of places [begin, end), which are one box: the first has the second, the others the first.
 * Thousands of them are not compared with each other. */
static void pair_equal(const struct same_object_place *places, size_t begin, size_t end,
                       size_t *others) {
    others[places[begin].box] = places[begin + 1].box;
    for (size_t i = begin + 1; i < end; i++)
        others[places[i].box] = places[begin].box;
}

enum status same_objects_find(const struct record *record, struct same_objects *same) {
    enum status status;
    size_t n = 0;
    TRY(memory_reserve(&same->others, &same->capacity, record->n_boxes, sizeof *same->others));
    TRY(memory_reserve(&same->places, &same->place_capacity, record->n_boxes,
                       sizeof *same->places));
    for (size_t i = 0; i < record->n_boxes; i++) {
        same->others[i] = SAME_OBJECT_NONE;
        if (is_box(&record->boxes[i]))
            same->places[n++] = (struct same_object_place){record->boxes[i].xywhn, i};
    }
    if (n > 1)
        qsort(same->places, n, sizeof *same->places, from_left);
    for (size_t i = 0, end; i < n; i = end) {
        const struct same_object_place *place = &same->places[i];
        end = i + 1;
        while (end < n && is_equal(place, &same->places[end]))
            end++;
        bool has_area = place->xywhn[2] > 0 && place->xywhn[3] > 0;
        if (has_area && end > i + 1)
            pair_equal(same->places, i, end, same->others);
        else if (has_area)
            same->others[place->box] = sweep(same->places, n, i);
    }
out:
    return status;
}

void same_objects_free(struct same_objects *same) {
    free(same->others);
    free(same->places);
    *same = (struct same_objects){0};
}
