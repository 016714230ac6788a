/* Edits of label files. */
#include "review/apply/label_edit.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/label.h"
#include "data/number.h"
#include "review/apply/edit.h"
#include "review/apply/label_points.h"
#include "review/label_line.h"

enum { DECIMALS = 6 }; /* of a new box, as of those in records */
struct editing {
    struct edit_cursor cursor; /* over the file's bytes */
    struct keypoint_shape shape;
    struct decision *decisions; /* those with a line come first */
    size_t n_decisions;
    struct label_file parsed; /* for decisions that bring no text */
    size_t n_seen;            /* labels of it that are before the current line */
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

static enum status replace_column(struct editing *editing, const struct label_line *line,
                                  size_t column, struct text *value) {
    enum status status = text_status(value);
    if (status == STATUS_OK)
        status = edit_replace(&editing->cursor, line->columns[column].begin,
                              line->columns[column].end, value->data, value->length);
    text_clear(value);
    return status;
}

static bool read_column(const struct editing *editing, const struct label_line *line, size_t column,
                        double *value) {
    const struct label_column *at = &line->columns[column];
    return column < line->n_columns && number_parse(editing->cursor.bytes + at->begin,
                                                    at->end - at->begin, value) == NUMBER_FINITE;
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

/* All columns behind the class. */
static enum status replace_points(struct editing *editing, const struct label_line *line,
                                  struct decision *points) {
    enum status status;
    struct text value = {0};
    size_t before = editing->cursor.edit->n_ranges, end = line->end;
    const char *bytes = editing->cursor.bytes;
    label_points_write(&editing->shape, bytes, line, points, &value);
    while (end > line->begin && strchr(" \t\v\f", bytes[end - 1]))
        end--;
    TRY(text_status(&value));
    TRY(edit_replace(&editing->cursor, line->columns[0].end, end, value.data, value.length));
    points->done = editing->cursor.edit->n_ranges > before;
out:
    text_free(&value);
    return status;
}

static enum status replace_columns(struct editing *editing, const struct label_line *line,
                                   const struct decided *decided) {
    enum status status = STATUS_OK;
    struct text value = {0};
    struct decision *class = decided->class, *box = decided->box;
    size_t before = editing->cursor.edit->n_ranges;
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
        box->done = editing->cursor.edit->n_ranges > before;
    if (decided->points)
        TRY(replace_points(editing, line, decided->points));
out:
    text_free(&value);
    return status;
}

/* ---------------------------------------------------------------- whether it may be done */

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
           label_is_near(label, decision->judged_xywhn);
}

static const char *why_not(struct editing *editing, const struct label_line *line,
                           const struct decision *decision) {
    bool same = decision->text ? label_line_is(editing->cursor.bytes, line, decision->text,
                                               decision->text_length)
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
    if (decision->action == ACTION_POINTS)
        return label_points_why_not(&editing->shape, line, decision);
    return NULL;
}

/* ---------------------------------------------------------------- a line */

static enum status decide_line(struct editing *editing, const struct label_line *line,
                               struct decision *decisions, size_t count) {
    for (size_t i = 0; i < count; i++)
        decisions[i].refused = why_not(editing, line, &decisions[i]);
    struct decided decided = decisions_weigh(decisions, count);
    for (size_t i = 0; i < count; i++)
        if (!decisions[i].refused && decisions[i].action != ACTION_KEEP)
            note_line(editing, line, &decisions[i]);
    if (decided.removal) {
        decided.removal->done = true;
        return edit_replace(&editing->cursor, line->begin, line->next, "", 0);
    }
    return replace_columns(editing, line, &decided);
}

/* The decisions about existing lines, in one pass over the file. */
static enum status edit_lines(struct editing *editing, size_t *used) {
    enum status status = STATUS_OK;
    struct label_line line = {0};
    size_t at = 0, n = editing->n_decisions;
    struct decision *decisions = editing->decisions;
    while (label_line_next(editing->cursor.bytes, editing->cursor.length, &line)) {
        editing->has_polygons |= line.n_columns > LABEL_LINE_BOX_MOST;
        if (line.next > line.end) {
            editing->line_end = editing->cursor.bytes + line.end;
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
            label_is_near(&parsed->labels[i], decision->xywhn))
            return true;
    return false;
}

/* Whether the decision's points are written: not among boxes. */
static bool takes_points(const struct editing *editing, const struct decision *decision) {
    return decision->n_points > 0 &&
           (editing->shape.count > 0 || editing->has_polygons || editing->parsed.n_labels == 0);
}

static const char *why_not_add(const struct editing *editing, const struct decision *decision) {
    bool pose = editing->shape.count > 0;
    if (takes_points(editing, decision))
        return label_points_why_not(&editing->shape, NULL, decision);
    if (editing->has_polygons || pose)
        return pose ? "the labels are poses, among which a box would be no valid one"
                    : "the label file has polygons or keypoints, among which a box would be read "
                      "as one of them";
    return NULL;
}

/* Whether the new text ends within a line. A byte order mark is none. */
static bool ends_open(const struct editing *editing) {
    const struct text *after = &editing->cursor.edit->after;
    size_t left = editing->cursor.length - editing->cursor.copied;
    const char *begin = after->length ? after->data : editing->cursor.bytes;
    if (after->length + left == 0 ||
        (after->length + left == LABEL_LINE_MARK && label_line_marked(begin, LABEL_LINE_MARK)))
        return false;
    char last =
        left ? editing->cursor.bytes[editing->cursor.length - 1] : after->data[after->length - 1];
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
    if (takes_points(editing, decision))
        label_points_write(&editing->shape, NULL, NULL, decision, &added);
    for (int i = 0; !takes_points(editing, decision) && i < 4; i++) {
        text_string(&added, " ");
        text_json_number(&added, decision->xywhn[i], DECIMALS);
    }
    if (!open)
        text_bytes(&added, line_end, end_length);
    TRY(text_status(&added));
    decision->done = true;
    status = edit_replace(&editing->cursor, editing->cursor.length, editing->cursor.length,
                          added.data, added.length);
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
            repeated = decision_is_same(decision, &decisions[k]);
        if (repeated)
            continue;
        decision->refused = i >= LABEL_FILE_LINES ? "there are too many new labels for one file"
                            : has_label(editing, decision) ? "the label file has this label already"
                                                           : why_not_add(editing, decision);
        if (!decision->refused)
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
    struct editing editing = {.decisions = decisions, .n_decisions = n_decisions};
    if (rules)
        editing.shape = rules->keypoints;
    edit_begin(bytes, length, edit, &editing.cursor);
    TRY(label_file_parse(editing.cursor.bytes, editing.cursor.length, rules, &editing.parsed));
    if (editing.parsed.n_invalid && editing.parsed.invalid[0].line == 0) {
        decisions_refuse(decisions, n_decisions, "the label file is not UTF-8 text");
        goto out;
    }
    TRY(edit_lines(&editing, &used));
    TRY(add_lines(&editing, decisions + used, n_decisions - used));
    status = edit_end(&editing.cursor);
out:
    label_file_free(&editing.parsed);
    return status;
}
