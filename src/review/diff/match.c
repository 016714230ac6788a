/* Which findings of an image are the same in two runs. */
#include "review/diff/match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "review/xywhn.h"

static const char *text_or_none(const char *text) {
    return text ? text : "";
}

static struct diff_finding box_finding(const struct record *record, const struct finding *finding) {
    const struct record_box *box = &record->boxes[finding->item];
    const struct record_box *other =
        finding->other == FINDING_NO_OTHER ? NULL : &record->boxes[finding->other];
    bool renamed = box->reason == REASON_CLASS || box->reason == REASON_CONTESTED;
    return (struct diff_finding){
        .kind = FINDING_BOX,
        .line = box->line,
        .reason = text_or_none(reason_name(box->reason)),
        .name = text_or_none(box->name),
        .suggested = renamed ? box->suggested_name : NULL,
        .score = finding->score,
        .xywhn = box->xywhn,
        .other_name = other ? text_or_none(other->name) : NULL,
        .other_xywhn = other ? other->xywhn : NULL,
    };
}

static struct diff_finding missing_finding(const struct record *record,
                                           const struct finding *finding) {
    const struct record_missing *missing = &record->missing[finding->item];
    return (struct diff_finding){
        .kind = FINDING_MISSING,
        .reason = "missing",
        .name = text_or_none(missing->name),
        .score = finding->score,
        .xywhn = isnan(missing->xywhn[0]) ? NULL : missing->xywhn,
    };
}

static struct diff_finding invalid_finding(const struct record *record,
                                           const struct finding *finding) {
    const struct record_invalid *invalid = &record->invalid[finding->item];
    return (struct diff_finding){
        .kind = FINDING_INVALID,
        .line = invalid->line,
        .reason = "invalid",
        .name = text_or_none(invalid->reason),
    };
}

enum status diff_list_read(const struct record *record, struct diff_list *list) {
    enum status status;
    list->count = 0;
    TRY(findings_of(record, &list->findings));
    TRY(memory_reserve(&list->items, &list->capacity, list->findings.count, sizeof *list->items));
    for (size_t i = 0; i < list->findings.count; i++) {
        const struct finding *finding = &list->findings.items[i];
        if (finding->weak)
            continue;
        struct diff_finding *made = &list->items[list->count++];
        *made = finding->kind == FINDING_BOX       ? box_finding(record, finding)
                : finding->kind == FINDING_MISSING ? missing_finding(record, finding)
                                                   : invalid_finding(record, finding);
        made->partner = NO_PARTNER;
    }
out:
    return status;
}

void diff_list_free(struct diff_list *list) {
    free(list->items);
    findings_list_free(&list->findings);
    *list = (struct diff_list){0};
}

/* Of boxes of one class; of two that are nowhere, 1. */
static double box_likeness(const char *a_name, const double *a, const char *b_name,
                           const double *b) {
    if (!a_name || !b_name || strcmp(a_name, b_name) != 0)
        return 0;
    return a && b ? xywhn_iou(a, b) : !a && !b;
}

/* How much two findings are the same: 0 to 1, and 0 below SAME_FINDING. */
static double likeness(const struct diff_finding *a, const struct diff_finding *b) {
    if (a->kind != b->kind)
        return 0;
    double most = box_likeness(a->name, a->xywhn, b->name, b->xywhn);
    if (a->other_name)
        most = fmax(most, box_likeness(a->other_name, a->other_xywhn, b->name, b->xywhn));
    if (b->other_name)
        most = fmax(most, box_likeness(a->name, a->xywhn, b->other_name, b->other_xywhn));
    return most >= SAME_FINDING ? most : 0;
}

/* The one without a partner that is most like a finding; NO_PARTNER. */
static size_t most_like(const struct diff_finding *finding, const struct diff_list *list) {
    size_t best = NO_PARTNER;
    double most = 0;
    for (size_t i = 0; i < list->count; i++) {
        double like = list->items[i].partner == NO_PARTNER ? likeness(finding, &list->items[i]) : 0;
        if (like > most) {
            best = i;
            most = like;
        }
    }
    return best;
}

/* Where two are most like each other, or (in the second round) what is left is most like one. */
static void match_round(struct diff_list *old, struct diff_list *new, bool mutual) {
    for (size_t i = 0; i < old->count; i++) {
        struct diff_finding *finding = &old->items[i];
        size_t best = finding->partner == NO_PARTNER ? most_like(finding, new) : NO_PARTNER;
        if (best == NO_PARTNER || (mutual && most_like(&new->items[best], old) != i))
            continue;
        finding->partner = best;
        new->items[best].partner = i;
    }
}

void diff_match(struct diff_list *old, struct diff_list *new) {
    match_round(old, new, true);
    match_round(old, new, false);
}
