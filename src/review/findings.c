/* What of a record somebody should look at. */
#include "review/findings.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* IoU from which on two labels are on one object, as --max-dup has it. */
#define SAME_OBJECT 0.7

int finding_compare(const void *a, const void *b) {
    const struct finding *x = a, *y = b;
    if (x->weak != y->weak)
        return x->weak - y->weak;
    if ((x->kind == FINDING_INVALID) != (y->kind == FINDING_INVALID))
        return (x->kind == FINDING_INVALID) - (y->kind == FINDING_INVALID);
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static double overlap(double centre, double size, double other_centre, double other_size) {
    double begin = fmax(centre - size / 2, other_centre - other_size / 2);
    double end = fmin(centre + size / 2, other_centre + other_size / 2);
    return fmax(end - begin, 0);
}

/* Of boxes as fractions of one picture. */
static double iou(const double a[4], const double b[4]) {
    double both = overlap(a[0], a[2], b[0], b[2]) * overlap(a[1], a[3], b[1], b[3]);
    double all = a[2] * a[3] + b[2] * b[3] - both;
    return all > 0 ? both / all : 0;
}

static enum status append(struct findings_list *list, struct finding finding) {
    enum status status;
    TRY(memory_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items));
    if (isnan(finding.score))
        finding.score = 1;
    list->items[list->count++] = finding;
out:
    return status;
}

/* The label that overlaps this one most, where that is the same object. */
static size_t find_other(const struct record *record, size_t box) {
    size_t best = FINDING_NO_OTHER;
    double most = SAME_OBJECT;
    for (size_t i = 0; i < record->n_boxes; i++) {
        double common = iou(record->boxes[box].xywhn, record->boxes[i].xywhn);
        if (i != box && common >= most) {
            best = i;
            most = common;
        }
    }
    return best;
}

/* Of two findings that have each other's labels, the worse one stays. The list is in order. */
static void join_pairs(struct findings_list *list) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct finding finding = list->items[i];
        size_t k = 0;
        while (k < kept &&
               !(finding.kind == FINDING_BOX && list->items[k].kind == FINDING_BOX &&
                 list->items[k].other == finding.item && finding.other == list->items[k].item))
            k++;
        if (k == kept)
            list->items[kept++] = finding;
    }
    list->count = kept;
}

enum status findings_of(const struct record *record, struct findings_list *list) {
    enum status status = STATUS_OK;
    struct finding finding = {.other = FINDING_NO_OTHER, .offset = record->offset};
    list->count = 0;
    for (size_t i = 0; i < record->n_boxes; i++) {
        const struct record_box *box = &record->boxes[i];
        if (box->verdict == VERDICT_CORRECT)
            continue;
        finding.item = i;
        finding.other = find_other(record, i);
        finding.score = box->score;
        finding.weak = box->reason == REASON_WEAK || box->reason == REASON_UNKNOWN_CLASS;
        TRY(append(list, finding));
    }
    finding.other = FINDING_NO_OTHER;
    finding.weak = false;
    finding.kind = FINDING_MISSING;
    for (finding.item = 0; finding.item < record->n_missing; finding.item++) {
        finding.score = record->missing[finding.item].score;
        TRY(append(list, finding));
    }
    finding.kind = FINDING_INVALID;
    finding.score = 0;
    for (finding.item = 0; finding.item < record->n_invalid; finding.item++)
        TRY(append(list, finding));
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, finding_compare);
    join_pairs(list);
out:
    return status;
}

void findings_list_free(struct findings_list *list) {
    free(list->items);
    *list = (struct findings_list){0};
}
