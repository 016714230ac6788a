/* Decisions that nobody made: suggestions that are accepted by reason. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "output/json_member.h"
#include "review/apply/decision_list.h"

/* What the suggestion for a box of a reason is; ACTIONS: there is none. */
static enum action action_of(enum reason reason) {
    if (reason_is_of_points(reason))
        return ACTION_POINTS;
    switch (reason) {
    case REASON_CLASS:
    case REASON_CONTESTED:
        return ACTION_CLASS;
    case REASON_LOCATION:
        return ACTION_BOX;
    case REASON_DUPLICATE:
    case REASON_UNSEEN:
        return ACTION_DELETE;
    default:
        return ACTIONS;
    }
}

/* Notes one reason; false: it has no suggestion. */
static bool take_reason(const char *name, size_t length, struct acceptance *acceptance) {
    if (length == strlen("missing") && memcmp(name, "missing", length) == 0)
        return acceptance->missing = true;
    for (int r = 0; r < REASON_COUNT; r++) {
        const char *reason = reason_name((enum reason)r);
        if (reason && action_of((enum reason)r) != ACTIONS && strlen(reason) == length &&
            memcmp(reason, name, length) == 0)
            return acceptance->reasons[r] = true;
    }
    return false;
}

enum status acceptance_read(const char *reasons, struct acceptance *acceptance) {
    *acceptance = (struct acceptance){.max_score = INFINITY, .min_margin = -INFINITY};
    for (const char *at = reasons;; at++) {
        size_t length = strcspn(at, ",");
        if (!take_reason(at, length, acceptance))
            return FAIL(STATUS_BAD_INPUT,
                        "--accept '%.*s': is none of class, contested, location, duplicate, "
                        "unseen, missing, angle, outline, point, swapped: for other reasons "
                        "nothing is suggested",
                        length > 60 ? 60 : (int)length, at);
        at += length;
        if (!*at)
            return STATUS_OK;
    }
}

enum status acceptance_precision(struct json_object *report, double precision,
                                 struct acceptance *acceptance) {
    struct json_object *test = json_member(report, "self_test", json_type_object);
    struct json_object *wrong = json_member(test, "wrong_class", json_type_object);
    struct json_object *table = json_member(wrong, "table", json_type_array);
    double least = INFINITY, best = -INFINITY;
    for (size_t i = 0; table && i < json_object_array_length(table); i++) {
        struct json_object *row = json_object_array_get_idx(table, i);
        double margin = json_member_number(row, "max_margin");
        double estimate = json_member_number(row, "precision");
        if (estimate >= precision)
            least = fmin(least, margin);
        best = estimate > best ? estimate : best;
    }
    acceptance->min_margin = least;
    if (isfinite(least))
        return STATUS_OK;
    if (!isfinite(best))
        return FAIL(STATUS_BAD_INPUT,
                    "--min-precision: the run has no estimate: it was made without self-test, or "
                    "of too few labels; use --max-score");
    return FAIL(STATUS_BAD_INPUT,
                "--min-precision %g: the self-test estimates %.2f at most, at any margin; give "
                "less, or decide by the page",
                precision, best);
}

/* The model's points as the data set's labels have theirs, within the picture. Where labels say how
 * visible a keypoint is they are to keep that: the model tells how sure it is, not what is hidden;
 * of a new label, points are visible or left out. */
static enum status suggest_points(const struct keypoint_shape *shape, const double *numbers,
                                  size_t n, struct decision *decision) {
    enum status status;
    size_t values = shape->count > 0 ? shape->values : 2;
    size_t own = shape->count > 0 ? n / shape->count : 2, n_points = n / (own ? own : 1);
    if (own < 2 || own > 3 || n % own != 0)
        return STATUS_OK;
    TRY(memory_zeroed(n_points * values, sizeof *decision->points, &decision->points));
    decision->n_points = n_points * values;
    for (size_t i = 0; i < n_points; i++) {
        const double *from = numbers + i * own;
        double *to = decision->points + i * values;
        bool seen = decision->action != ACTION_ADD || own < 3 || from[2] >= 0.5;
        for (size_t k = 0; k < 2 && seen; k++)
            to[k] = fmin(fmax(from[k], 0), 1);
        if (values == 3)
            to[2] = decision->action != ACTION_ADD ? NAN : seen ? 2 : 0;
    }
out:
    return status;
}

static enum status add_suggested(struct decision *decision, const struct acceptance *acceptance,
                                 const struct record *record, struct record_points points,
                                 struct decision_list *list) {
    enum status status;
    if (points.count > 0)
        TRY(suggest_points(&acceptance->keypoints, record->numbers + points.first, points.count,
                           decision));
    if (decision->action != ACTION_POINTS || decision->n_points > 0)
        TRY(decision_list_add(list, decision));
    else
        return STATUS_OK;
    decision->points = NULL;
out:
    free(decision->points);
    return status;
}

static enum status accept_box(const struct acceptance *acceptance, const struct record *record,
                              const struct record_box *box, struct decision decision,
                              struct decision_list *list) {
    struct record_points points = box->refined_points;
    decision.action = action_of(box->reason);
    decision.line = box->line;
    decision.judged_class = (uint32_t)box->class;
    if (decision.action == ACTION_BOX && points.count > 0)
        decision.action = ACTION_POINTS;
    if (decision.action != ACTION_POINTS)
        points.count = 0;
    memcpy(decision.judged_xywhn, box->xywhn, sizeof box->xywhn);
    memcpy(decision.xywhn, box->refined, sizeof box->refined);
    decision.has_xywhn = box->has_refined;
    if (decision.action == ACTION_CLASS)
        decision.class = box->suggested;
    if ((decision.action == ACTION_CLASS && box->suggested < 0) ||
        (decision.action == ACTION_BOX && !box->has_refined))
        return STATUS_OK;
    return add_suggested(&decision, acceptance, record, points, list);
}

static enum status accept_missing(const struct acceptance *acceptance, const struct record *record,
                                  const struct record_missing *missing, struct decision decision,
                                  struct decision_list *list) {
    struct record_points points = missing->points;
    decision.action = ACTION_ADD;
    decision.class = missing->class;
    decision.has_xywhn = true;
    memcpy(decision.xywhn, missing->xywhn, sizeof missing->xywhn);
    if (!acceptance->outlined)
        points.count = 0;
    return add_suggested(&decision, acceptance, record, points, list);
}

static bool is_accepted(const struct acceptance *acceptance, const struct record_box *box) {
    return box->verdict != VERDICT_CORRECT && acceptance->reasons[box->reason] &&
           !(box->score >= acceptance->max_score) &&
           (box->reason != REASON_CLASS || box->margin > acceptance->min_margin);
}

static bool is_accepted_object(const struct acceptance *acceptance,
                               const struct record_missing *missing) {
    return acceptance->missing && !(missing->score >= acceptance->max_score) &&
           missing->class >= 0 && missing->xywhn[2] > 0 && missing->xywhn[3] > 0;
}

enum status decisions_accept(const struct acceptance *acceptance, const struct record *record,
                             const char *label, struct decision_list *list) {
    enum status status = STATUS_OK;
    size_t place = SIZE_MAX, image = SIZE_MAX;
    for (size_t i = 0; i < record->n_boxes + record->n_missing; i++) {
        const struct record_box *box = i < record->n_boxes ? &record->boxes[i] : NULL;
        const struct record_missing *missing = box ? NULL : &record->missing[i - record->n_boxes];
        if (box ? !is_accepted(acceptance, box) : !is_accepted_object(acceptance, missing))
            continue;
        if (place == SIZE_MAX) {
            TRY(decision_list_name(list, label, &place));
            TRY(decision_list_name(list, record->image, &image));
        }
        const struct decision begun = {.class = -1, .image = image, .label = place};
        if (box)
            TRY(accept_box(acceptance, record, box, begun, list));
        else
            TRY(accept_missing(acceptance, record, missing, begun, list));
    }
out:
    return status;
}
