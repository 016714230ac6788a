/* Edits of label files. */
#include "review/apply/label_edit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/label.h"
#include "data/number.h"
#include "review/label_line.h"

enum { DECIMALS = 6 };           /* of a new box, as of those in records */
static const double NEAR = 2e-6; /* between a number and what records have of it, rounded */

static bool is_near(const struct label *label, const double xywhn[4]) {
    for (int i = 0; i < 4; i++)
        if (!(fabs((double)label->xywhn[i] - xywhn[i]) <= NEAR))
            return false;
    return true;
}

struct editing {
    const char *bytes;
    size_t length;
    struct decision *decisions; /* those with a line come first */
    size_t n_decisions;
    struct label_edit *edit;
    struct label_file parsed; /* for decisions that bring no text */
    size_t n_seen;            /* labels of it that are before the current line */
    size_t copied;            /* so much of `bytes` is in the new text */
    bool has_polygons;
    const char *line_end; /* of the last line that has one */
    size_t line_end_length;
};

void label_edit_free(struct label_edit *edit) {
    text_free(&edit->after);
    free(edit->ranges);
    *edit = (struct label_edit){0};
}

/* ---------------------------------------------------------------- writing */

/* Puts `length` bytes in the place of [begin, end) of the old text, unless they are there. */
static enum status replace(struct editing *editing, size_t begin, size_t end, const char *bytes,
                           size_t length) {
    enum status status;
    struct label_edit *edit = editing->edit;
    if (end - begin == length && memcmp(editing->bytes + begin, bytes, length) == 0)
        return STATUS_OK;
    TRY(memory_reserve(&edit->ranges, &edit->capacity, edit->n_ranges + 1, sizeof *edit->ranges));
    if (begin > editing->copied)
        text_bytes(&edit->after, editing->bytes + editing->copied, begin - editing->copied);
    size_t at = edit->after.length;
    text_bytes(&edit->after, bytes, length);
    editing->copied = end;
    edit->ranges[edit->n_ranges++] = (struct edit_range){begin, end, at, at + length};
    status = text_status(&edit->after);
out:
    return status;
}

static enum status replace_column(struct editing *editing, const struct label_line *line,
                                  size_t column, struct text *value) {
    enum status status = text_status(value);
    if (status == STATUS_OK)
        status = replace(editing, line->columns[column].begin, line->columns[column].end,
                         value->data, value->length);
    text_clear(value);
    return status;
}

static bool read_column(const struct editing *editing, const struct label_line *line, size_t column,
                        double *value) {
    const struct label_column *at = &line->columns[column];
    return column < line->n_columns &&
           number_parse(editing->bytes + at->begin, at->end - at->begin, value) == NUMBER_FINITE;
}

/* Whether the line names this class, however it is written. */
static bool has_class(const struct editing *editing, const struct label_line *line, int64_t class) {
    double value;
    return read_column(editing, line, 0, &value) && value == (double)class;
}

/* Notes what the line says, for whoever shows the change. */
static void note_line(const struct editing *editing, const struct label_line *line,
                      struct decision *decision) {
    double value;
    if (read_column(editing, line, 0, &value) && value >= 0 && value <= UINT32_MAX)
        decision->judged_class = (uint32_t)value;
    for (size_t i = 0; i < 4; i++)
        if (read_column(editing, line, i + 1, &value))
            decision->judged_xywhn[i] = value;
}

static enum status replace_columns(struct editing *editing, const struct label_line *line,
                                   struct decision *class, struct decision *box) {
    enum status status = STATUS_OK;
    struct text value = {0};
    size_t before = editing->edit->n_ranges;
    if (class && !has_class(editing, line, class->class)) {
        text_count(&value, (uint64_t) class->class);
        TRY(replace_column(editing, line, 0, &value));
        class->done = true;
    }
    for (size_t i = 0; box && i < 4; i++) {
        text_json_number(&value, box->xywhn[i], DECIMALS);
        TRY(replace_column(editing, line, i + 1, &value));
    }
    if (box)
        box->done = editing->edit->n_ranges > before;
out:
    text_free(&value);
    return status;
}

/* ---------------------------------------------------------------- whether it may be done */

static bool same_box(const double a[4], const double b[4]) {
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

static bool is_same(const struct decision *a, const struct decision *b) {
    return a->action == b->action && a->class == b->class &&
           (a->action == ACTION_DELETE || a->action == ACTION_KEEP || a->action == ACTION_CLASS ||
            same_box(a->xywhn, b->xywhn));
}

/* A class and a box may be decided apart. */
static bool contradict(const struct decision *a, const struct decision *b) {
    if (is_same(a, b))
        return false;
    bool apart = (a->action == ACTION_CLASS && b->action == ACTION_BOX) ||
                 (a->action == ACTION_BOX && b->action == ACTION_CLASS);
    return !apart || (a->class >= 0 && b->class >= 0 && a->class != b->class);
}

/* Whether the line is what records have of it. */
static bool is_as_recorded(struct editing *editing, const struct decision *decision) {
    const struct label_file *parsed = &editing->parsed;
    while (editing->n_seen < parsed->n_labels &&
           parsed->labels[editing->n_seen].line < decision->line)
        editing->n_seen++;
    if (editing->n_seen == parsed->n_labels)
        return false;
    const struct label *label = &parsed->labels[editing->n_seen];
    return label->line == decision->line && label->class == decision->judged_class &&
           is_near(label, decision->judged_xywhn);
}

static const char *why_not(struct editing *editing, const struct label_line *line,
                           const struct decision *decision) {
    bool same = decision->text
                    ? label_line_is(editing->bytes, line, decision->text, decision->text_length)
                    : is_as_recorded(editing, decision);
    if (!same)
        return "the line is not any more what was judged";
    if (decision->action == ACTION_DELETE || decision->action == ACTION_KEEP)
        return NULL;
    if (line->n_columns == 0)
        return "the line is blank";
    if (decision->action == ACTION_BOX && line->n_columns > LABEL_LINE_BOX_MOST)
        return "the line is a polygon or has keypoints: it takes no new box";
    if (decision->action == ACTION_BOX && line->n_columns < LABEL_LINE_BOX)
        return "the line has no box";
    return NULL;
}

static void refuse_all(struct decision *decisions, size_t count, const char *why) {
    for (size_t i = 0; i < count; i++)
        if (!decisions[i].refused)
            decisions[i].refused = why;
}

/* ---------------------------------------------------------------- a line */

/* Carries out those that are left of the decisions about one line. */
static enum status edit_line(struct editing *editing, const struct label_line *line,
                             struct decision *decisions, size_t count) {
    struct decision *class = NULL, *box = NULL;
    for (size_t i = 0; i < count; i++) {
        struct decision *decision = &decisions[i];
        if (decision->refused || decision->action == ACTION_KEEP)
            continue;
        note_line(editing, line, decision);
        if (decision->action == ACTION_DELETE) {
            decision->done = true;
            return replace(editing, line->begin, line->next, "", 0);
        }
        if (decision->action == ACTION_BOX && !box)
            box = decision;
        if (decision->class >= 0 && !class)
            class = decision;
    }
    return replace_columns(editing, line, class, box);
}

static enum status decide_line(struct editing *editing, const struct label_line *line,
                               struct decision *decisions, size_t count) {
    const struct decision *first[ACTIONS] = {NULL};
    for (size_t i = 0; i < count; i++) {
        struct decision *decision = &decisions[i];
        decision->refused = why_not(editing, line, decision);
        if (decision->refused)
            continue;
        if (!first[decision->action])
            first[decision->action] = decision;
        for (int a = 0; a < ACTIONS; a++)
            if (first[a] && contradict(first[a], decision)) {
                refuse_all(decisions, count, "it contradicts another decision about the line");
                return STATUS_OK;
            }
    }
    return edit_line(editing, line, decisions, count);
}

/* The decisions about existing lines, in one pass over the file. */
static enum status edit_lines(struct editing *editing, size_t *used) {
    enum status status = STATUS_OK;
    struct label_line line = {0};
    size_t at = 0, n = editing->n_decisions;
    struct decision *decisions = editing->decisions;
    while (label_line_next(editing->bytes, editing->length, &line)) {
        editing->has_polygons |= line.n_columns > LABEL_LINE_BOX_MOST;
        if (line.next > line.end) {
            editing->line_end = editing->bytes + line.end;
            editing->line_end_length = line.next - line.end;
        }
        size_t end = at;
        while (end < n && decisions[end].line == line.number)
            end++;
        if (end > at)
            TRY(decide_line(editing, &line, decisions + at, end - at));
        at = end;
    }
    while (at < n && decisions[at].line > 0)
        decisions[at++].refused = "the label file has no such line any more";
    *used = at;
out:
    return status;
}

/* ---------------------------------------------------------------- new lines */

/* Whether the file has this label already. */
static bool has_label(const struct editing *editing, const struct decision *decision) {
    const struct label_file *parsed = &editing->parsed;
    for (size_t i = 0; i < parsed->n_labels; i++)
        if (parsed->labels[i].class == decision->class &&
            is_near(&parsed->labels[i], decision->xywhn))
            return true;
    return false;
}

/* Whether the new text ends within a line. A byte order mark is none. */
static bool ends_open(const struct editing *editing) {
    const struct text *after = &editing->edit->after;
    size_t left = editing->length - editing->copied;
    const char *begin = after->length ? after->data : editing->bytes;
    if (after->length + left == 0 ||
        (after->length + left == LABEL_LINE_MARK && label_line_marked(begin, LABEL_LINE_MARK)))
        return false;
    char last = left ? editing->bytes[editing->length - 1] : after->data[after->length - 1];
    return last != '\n' && last != '\r';
}

/* A file whose last line has no end stays such a one. */
static enum status add_line(struct editing *editing, struct decision *decision) {
    enum status status;
    struct text added = {0};
    const char *line_end = editing->line_end ? editing->line_end : "\n";
    size_t end_length = editing->line_end ? editing->line_end_length : 1;
    bool open = ends_open(editing);
    if (open)
        text_bytes(&added, line_end, end_length);
    text_count(&added, (uint64_t)decision->class);
    for (int i = 0; i < 4; i++) {
        text_string(&added, " ");
        text_json_number(&added, decision->xywhn[i], DECIMALS);
    }
    if (!open)
        text_bytes(&added, line_end, end_length);
    TRY(text_status(&added));
    decision->done = true;
    status = replace(editing, editing->length, editing->length, added.data, added.length);
out:
    text_free(&added);
    return status;
}

static enum status add_lines(struct editing *editing, struct decision *decisions, size_t count) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        struct decision *decision = &decisions[i];
        bool repeated = decision->action == ACTION_KEEP;
        for (size_t k = 0; k < i && i < LABEL_FILE_LINES && !repeated; k++)
            repeated = is_same(decision, &decisions[k]);
        if (repeated)
            continue;
        if (i >= LABEL_FILE_LINES)
            decision->refused = "there are too many new labels for one file";
        else if (editing->has_polygons)
            decision->refused = "the label file has polygons or keypoints, among which a box would "
                                "be read as one of them";
        else if (has_label(editing, decision))
            decision->refused = "the label file has this label already";
        else
            TRY(add_line(editing, decision));
    }
out:
    return status;
}

enum status label_edit_make(const char *bytes, size_t length, const struct label_rules *rules,
                            struct decision *decisions, size_t n_decisions,
                            struct label_edit *edit) {
    enum status status;
    size_t used = 0;
    struct editing editing = {.bytes = bytes ? bytes : "",
                              .length = bytes ? length : 0,
                              .decisions = decisions,
                              .n_decisions = n_decisions,
                              .edit = edit};
    text_clear(&edit->after);
    edit->n_ranges = 0;
    TRY(label_file_parse(editing.bytes, editing.length, rules, &editing.parsed));
    if (editing.parsed.n_invalid && editing.parsed.invalid[0].line == 0) {
        refuse_all(decisions, n_decisions, "the label file is not UTF-8 text");
        goto out;
    }
    TRY(edit_lines(&editing, &used));
    TRY(add_lines(&editing, decisions + used, n_decisions - used));
    if (editing.copied < editing.length)
        text_bytes(&edit->after, editing.bytes + editing.copied, editing.length - editing.copied);
    status = text_status(&edit->after);
out:
    label_file_free(&editing.parsed);
    return status;
}
