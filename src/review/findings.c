/* What of a record somebody should look at. */
#include "review/findings.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

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

static enum status append(struct findings_list *list, struct finding finding) {
    enum status status;
    TRY(memory_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items));
    if (isnan(finding.score))
        finding.score = 1;
    list->items[list->count++] = finding;
out:
    return status;
}

/* Of two findings that have each other's labels, the worse one stays. The list is in order;
 * `others` are those of all boxes, and become none where a box's finding is dropped. */
static void join_pairs(struct findings_list *list) {
    size_t kept = 0, *others = list->same.others;
    for (size_t i = 0; i < list->count; i++) {
        const struct finding finding = list->items[i];
        bool paired = finding.kind == FINDING_BOX && finding.other != FINDING_NO_OTHER;
        if (paired && others[finding.item] == FINDING_NO_OTHER)
            continue;
        if (paired && others[finding.other] == finding.item)
            others[finding.other] = FINDING_NO_OTHER;
        list->items[kept++] = finding;
    }
    list->count = kept;
}

enum status findings_of(const struct record *record, struct findings_list *list) {
    enum status status;
    struct finding finding = {.other = FINDING_NO_OTHER, .offset = record->offset};
    list->count = 0;
    TRY(same_objects_find(record, &list->same));
    for (size_t i = 0; i < record->n_boxes; i++) {
        const struct record_box *box = &record->boxes[i];
        if (box->verdict == VERDICT_CORRECT)
            continue;
        finding.item = i;
        finding.other = list->same.others[i];
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

const double *finding_model_box(const struct record_box *box) {
    bool other_class = box->reason == REASON_CLASS || box->reason == REASON_CONTESTED;
    return box->has_refined && !other_class ? box->refined : NULL;
}

void findings_list_free(struct findings_list *list) {
    free(list->items);
    same_objects_free(&list->same);
    *list = (struct findings_list){0};
}
