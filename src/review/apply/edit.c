/* What the edits of all forms of label files share. */
#include "review/apply/edit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const double NEAR = 2e-6; /* between a number and what records have of it, rounded */

/* ---------------------------------------------------------------- bytes */

void edit_begin(const char *bytes, size_t length, struct label_edit *edit,
                struct edit_cursor *cursor) {
    *cursor = (struct edit_cursor){
        .bytes = bytes ? bytes : "", .length = bytes ? length : 0, .edit = edit};
    text_clear(&edit->after);
    edit->n_ranges = 0;
}

enum status edit_replace(struct edit_cursor *cursor, size_t begin, size_t end, const char *bytes,
                         size_t length) {
    enum status status;
    struct label_edit *edit = cursor->edit;
    if (end - begin == length && memcmp(cursor->bytes + begin, bytes, length) == 0)
        return STATUS_OK;
    TRY(memory_reserve(&edit->ranges, &edit->capacity, edit->n_ranges + 1, sizeof *edit->ranges));
    if (begin > cursor->copied)
        text_bytes(&edit->after, cursor->bytes + cursor->copied, begin - cursor->copied);
    size_t at = edit->after.length;
    text_bytes(&edit->after, bytes, length);
    cursor->copied = end;
    edit->ranges[edit->n_ranges++] = (struct edit_range){begin, end, at, at + length};
    status = text_status(&edit->after);
out:
    return status;
}

enum status edit_end(struct edit_cursor *cursor) {
    struct text *after = &cursor->edit->after;
    if (cursor->length > cursor->copied)
        text_bytes(after, cursor->bytes + cursor->copied, cursor->length - cursor->copied);
    return text_status(after);
}

void edit_part(struct edit_parts *parts, size_t begin, size_t end, size_t from) {
    size_t i = parts->count++;
    while (i > 0 && parts->items[i - 1].begin > begin) {
        parts->items[i] = parts->items[i - 1];
        i--;
    }
    parts->items[i].begin = begin;
    parts->items[i].end = end;
    parts->items[i].text = from;
    parts->items[i].length = parts->texts.length - from;
}

enum status edit_parts_put(struct edit_cursor *cursor, struct edit_parts *parts) {
    enum status status = text_status(&parts->texts);
    for (size_t i = 0; i < parts->count && status == STATUS_OK; i++)
        status = edit_replace(cursor, parts->items[i].begin, parts->items[i].end,
                              parts->texts.data + parts->items[i].text, parts->items[i].length);
    parts->count = 0;
    text_clear(&parts->texts);
    return status;
}

/* ---------------------------------------------------------------- decisions */

bool label_is_near(const struct label *label, const double xywhn[4]) {
    for (int i = 0; i < 4; i++)
        if (!(fabs((double)label->xywhn[i] - xywhn[i]) <= NEAR))
            return false;
    return true;
}

static bool same_box(const double a[4], const double b[4]) {
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

static bool same_points(const struct decision *a, const struct decision *b) {
    return a->n_points == b->n_points &&
           (a->n_points == 0 || memcmp(a->points, b->points, a->n_points * sizeof *a->points) == 0);
}

bool decision_is_same(const struct decision *a, const struct decision *b) {
    return a->action == b->action && a->class == b->class &&
           (a->action == ACTION_DELETE || a->action == ACTION_KEEP || a->action == ACTION_CLASS ||
            (same_box(a->xywhn, b->xywhn) && same_points(a, b)));
}

static bool is_place(const struct decision *decision) {
    return decision->action == ACTION_BOX || decision->action == ACTION_POINTS;
}

/* A class and where it is may be decided apart. */
static bool contradict(const struct decision *a, const struct decision *b) {
    if (decision_is_same(a, b))
        return false;
    bool apart =
        (a->action == ACTION_CLASS && is_place(b)) || (is_place(a) && b->action == ACTION_CLASS);
    return !apart || (a->class >= 0 && b->class >= 0 && a->class != b->class);
}

void decisions_refuse(struct decision *decisions, size_t count, const char *why) {
    for (size_t i = 0; i < count; i++)
        if (!decisions[i].refused)
            decisions[i].refused = why;
}

/* Whether the label is the one that a text quotes. */
static bool is_quoted(const struct label *label, const char *quoted, size_t length) {
    struct text text = {0};
    label_text(label, &text);
    while (length > 0 && strchr(" \t\r\n", quoted[length - 1]))
        length--;
    bool same = !text.failed && text.length == length + 1 && memcmp(text.data, quoted, length) == 0;
    text_free(&text);
    return same;
}

const char *decision_why_not(const struct decision *decision, const struct label *label,
                             bool has_more) {
    bool same = label && (decision->text ? is_quoted(label, decision->text, decision->text_length)
                                         : label->class == decision->judged_class &&
                                               label_is_near(label, decision->judged_xywhn));
    if (!same)
        return "the annotation is not any more what was judged";
    if (decision->action == ACTION_BOX && has_more)
        return "the annotation has an outline or keypoints: it takes no new box";
    if (decision->action == ACTION_POINTS)
        return "points are changed in label lines alone, not in annotations";
    return NULL;
}

struct decided decisions_weigh(struct decision *decisions, size_t count) {
    const struct decision *first[ACTIONS] = {NULL};
    struct decided decided = {0};
    for (size_t i = 0; i < count; i++) {
        struct decision *decision = &decisions[i];
        if (decision->refused)
            continue;
        if (!first[decision->action])
            first[decision->action] = decision;
        for (int a = 0; a < ACTIONS; a++)
            if (first[a] && contradict(first[a], decision)) {
                decisions_refuse(decisions, count,
                                 "it contradicts another decision about the line");
                return (struct decided){0};
            }
        if (decision->action == ACTION_DELETE && !decided.removal)
            decided.removal = decision;
        if (decision->action == ACTION_BOX && !decided.box)
            decided.box = decision;
        if (decision->action == ACTION_POINTS && !decided.points)
            decided.points = decision;
        if (decision->class >= 0 && !decided.class)
            decided.class = decision;
    }
    return decided;
}
