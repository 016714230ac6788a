/* The page's data. */
#include "review/pages/page_texts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fingerprint.h"
#include "output/fields.h"
#include "output/place.h"
#include "review/pages/crop_area.h"
#include "review/pages/page_label.h"
#include "review/pages/page_script.h"

enum {
    FORMAT = 1,
    SCORE_DIGITS = 6,
    DECIMALS = 4,         /* of evidence */
    LISTED = 200,         /* labels, or missing objects, of an image */
    TEXT_BYTES = 1 << 16, /* a longer line of a label file is left out */
};

/* ---------------------------------------------------------------- pieces */

/* Members that would be null are left out. */
static void string_member(struct text *text, const char *key, const char *value) {
    if (value)
        field_string(text, key, value);
}

static void number_member(struct text *text, const char *key, double value, int decimals) {
    if (isfinite(value))
        field_number(text, key, value, decimals);
}

static void score_member(struct text *text, double score) {
    if (isfinite(score))
        field_significant(text, "score", score, SCORE_DIGITS);
}

static void class_member(struct text *text, const char *key, int64_t class) {
    if (class >= 0)
        field_count(text, key, (uint64_t) class);
}

static void four_member(struct text *text, const char *key, const double numbers[4]) {
    for (int i = 0; i < 4; i++)
        if (!isfinite(numbers[i]))
            return;
    field_key(text, key);
    text_string(text, "[");
    page_script_four(text, numbers);
    text_string(text, "]");
}

/* Points of the model's; where it has any. */
static void points_member(struct text *text, const struct record *record,
                          struct record_points points) {
    if (points.count == 0)
        return;
    field_key(text, "points");
    for (size_t i = 0; i < points.count; i++) {
        text_string(text, i ? ", " : "[");
        text_json_number(text, record->numbers[points.first + i], BOX_DECIMALS);
    }
    text_string(text, "]");
}

static enum status line_member(struct text *text, const struct page_label *label, uint32_t number) {
    enum status status = STATUS_OK;
    struct text copy = {0};
    const char *line;
    size_t length;
    if (!page_label_line(label, number, &line, &length) || length > TEXT_BYTES)
        return STATUS_OK;
    text_bytes(&copy, line, length);
    TRY(text_status(&copy));
    field_string(text, "text", copy.data);
out:
    text_free(&copy);
    return status;
}

/* ---------------------------------------------------------------- a finding */

static enum status other_write(const struct record *record, size_t other,
                               const struct page_label *label, struct text *text) {
    enum status status;
    const struct record_box *box = &record->boxes[other];
    field_key(text, "other");
    text_string(text, "{");
    field_count(text, "line", box->line);
    TRY(line_member(text, label, box->line));
    class_member(text, "class", box->class);
    four_member(text, "xywhn", box->xywhn);
    text_string(text, "}");
out:
    return status;
}

static enum status box_write(const struct record *record, const struct finding *finding,
                             const struct page_label *label, struct text *text) {
    enum status status;
    const struct record_box *box = &record->boxes[finding->item];
    field_count(text, "line", box->line);
    TRY(line_member(text, label, box->line));
    class_member(text, "class", box->class);
    class_member(text, "suggested", box->suggested);
    score_member(text, box->score);
    string_member(text, "reason", reason_name(box->reason));
    field_string(text, "verdict", verdict_name(box->verdict));
    four_member(text, "xywhn", box->xywhn);
    if (finding_model_box(box))
        four_member(text, "refined", finding_model_box(box));
    number_member(text, "own", box->own, DECIMALS);
    number_member(text, "rival", box->rival, DECIMALS);
    number_member(text, "margin", box->margin, DECIMALS);
    number_member(text, "location", box->location, DECIMALS);
    number_member(text, "dup", box->dup, DECIMALS);
    number_member(text, "agreement", box->agreement, DECIMALS);
    number_member(text, "error", box->error, DECIMALS);
    points_member(text, record, box->refined_points);
    if (finding->other != FINDING_NO_OTHER)
        TRY(other_write(record, finding->other, label, text));
out:
    return status;
}

static void missing_write(const struct record *record, const struct record_missing *missing,
                          struct text *text) {
    class_member(text, "class", missing->class);
    score_member(text, missing->score);
    field_string(text, "reason", "missing");
    four_member(text, "xywhn", missing->xywhn);
    number_member(text, "confidence", missing->confidence, DECIMALS);
    points_member(text, record, missing->points);
}

static enum status invalid_write(const struct record_invalid *invalid,
                                 const struct page_label *label, struct text *text) {
    enum status status;
    field_count(text, "line", invalid->line);
    TRY(line_member(text, label, invalid->line));
    field_string(text, "reason", "invalid");
    string_member(text, "words", invalid->reason);
out:
    return status;
}

static void crop_write(const struct record *record, const struct finding *finding,
                       struct text *text) {
    struct image_area area = crop_area(record, finding);
    if (area.right > area.left)
        four_member(
            text, "crop",
            (const double[]){area.left, area.top, area.right - area.left, area.bottom - area.top});
}

static enum status finding_write(const struct record *record, const struct finding *finding,
                                 const struct page_label *label, struct text *text) {
    enum status status = STATUS_OK;
    switch (finding->kind) {
    case FINDING_BOX:
        field_string(text, "kind", "box");
        TRY(box_write(record, finding, label, text));
        break;
    case FINDING_MISSING:
        field_string(text, "kind", "missing");
        missing_write(record, &record->missing[finding->item], text);
        break;
    case FINDING_INVALID:
        field_string(text, "kind", "invalid");
        TRY(invalid_write(&record->invalid[finding->item], label, text));
        break;
    }
out:
    return status;
}

/* ---------------------------------------------------------------- a file of findings */

/* A finding of the file, and where its text is among those of all of them. */
struct piece {
    uint64_t offset; /* of its record */
    uint32_t finding;
    size_t begin, end;
};

static int by_record(const void *a, const void *b) {
    const struct piece *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->finding < y->finding ? -1 : x->finding > y->finding;
}

static int by_finding(const void *a, const void *b) {
    const struct piece *x = a, *y = b;
    return x->finding < y->finding ? -1 : x->finding > y->finding;
}

struct findings_file {
    const struct page_source *source;
    const struct page_plan *plan;
    const uint8_t *unread;
    struct record_reader *reader;
    struct page_label label;
    bool label_read; /* that of the record at hand */
    struct piece pieces[PAGE_PER_FILE];
    size_t n_pieces;
    struct text written; /* what they say, as they were written */
};

/* Writes a piece; `record` is its record. */
static enum status piece_write(struct findings_file *file, const struct record *record,
                               struct piece *piece) {
    enum status status;
    const struct page_plan *plan = file->plan;
    const struct finding *finding = &plan->findings[piece->finding].finding;
    struct text *text = &file->written;
    if (finding->kind != FINDING_MISSING && !file->label_read) {
        TRY(page_label_read(file->source, record, &file->label));
        file->label_read = true;
    }
    piece->begin = text->length;
    text_string(text, "{");
    TRY(finding_write(record, finding, &file->label, text));
    field_count(text, "image", plan->images[piece->finding]);
    if (!file->unread[piece->finding])
        crop_write(record, finding, text);
    field_count(text, "cell", plan->cells[piece->finding]);
    text_string(text, "}");
    piece->end = text->length;
    status = text_status(text);
out:
    return status;
}

/* Record by record, so that each, and its label file, is read once. */
static enum status pieces_write(struct findings_file *file) {
    enum status status = STATUS_OK;
    const struct record *record = NULL;
    qsort(file->pieces, file->n_pieces, sizeof *file->pieces, by_record);
    for (size_t i = 0; i < file->n_pieces; i++) {
        struct piece *piece = &file->pieces[i];
        if (!record || record->offset != piece->offset) {
            TRY(records_at(file->reader, piece->offset, &record));
            file->label_read = false;
        }
        TRY(piece_write(file, record, piece));
    }
    qsort(file->pieces, file->n_pieces, sizeof *file->pieces, by_finding);
out:
    return status;
}

enum status page_findings_text(const struct page_source *source, const struct page_plan *plan,
                               const uint8_t *unread, size_t file_number,
                               struct record_reader *reader, struct text *text) {
    enum status status;
    struct findings_file file = {
        .source = source, .plan = plan, .unread = unread, .reader = reader};
    size_t first = file_number * PAGE_PER_FILE;
    for (size_t i = first; i < plan->n_findings && file.n_pieces < PAGE_PER_FILE; i++)
        file.pieces[file.n_pieces++] =
            (struct piece){.offset = plan->findings[i].finding.offset, .finding = (uint32_t)i};
    TRY(pieces_write(&file));
    page_script_begin("findings", file_number, text);
    text_string(text, "[\n");
    for (size_t i = 0; i < file.n_pieces; i++) {
        const struct piece *piece = &file.pieces[i];
        text_string(text, i ? ",\n" : "");
        text_bytes(text, file.written.data + piece->begin, piece->end - piece->begin);
    }
    text_string(text, "]");
    TRY(page_script_end(text));
out:
    page_label_free(&file.label);
    text_free(&file.written);
    return status;
}

/* ---------------------------------------------------------------- an image */

static void labels_write(const struct record *record, struct text *text) {
    field_key(text, "boxes");
    text_string(text, "[");
    for (size_t i = 0; i < record->n_boxes && i < LISTED; i++) {
        const struct record_box *box = &record->boxes[i];
        field_next(text);
        text_format(text, "[%u, %lld", box->line, (long long)box->class);
        page_script_four(text, box->xywhn);
        field_next(text);
        if (reason_name(box->reason))
            text_json_string(text, reason_name(box->reason));
        else
            text_string(text, "null");
        text_string(text, "]");
    }
    text_string(text, "]");
    if (record->n_boxes > LISTED)
        field_count(text, "n_boxes", record->n_boxes);
}

static void all_missing_write(const struct record *record, struct text *text) {
    if (record->n_missing == 0)
        return;
    field_key(text, "missing");
    text_string(text, "[");
    for (size_t i = 0; i < record->n_missing && i < LISTED; i++) {
        const struct record_missing *missing = &record->missing[i];
        field_next(text);
        text_format(text, "[%lld", (long long)missing->class);
        page_script_four(text, missing->xywhn);
        field_next(text);
        text_json_number(text, missing->confidence, DECIMALS);
        text_string(text, "]");
    }
    text_string(text, "]");
}

static enum status image_write(const struct page_source *source, const struct record *record,
                               struct text *text) {
    enum status status;
    struct text picture = {0}, relative = {0};
    field_string(text, "name", record->image);
    string_member(text, "label", record->label);
    string_member(text, "split", record->split);
    string_member(text, "bucket", bucket_name(record->bucket));
    field_count(text, "width", record->width);
    field_count(text, "height", record->height);
    TRY(page_source_placed(source, record, &picture));
    if (picture.length) {
        text_format(&relative, "../%s", picture.data);
        TRY(text_status(&relative));
        field_string(text, "picture", relative.data);
    }
    labels_write(record, text);
    all_missing_write(record, text);
out:
    text_free(&picture);
    text_free(&relative);
    return status;
}

enum status page_images_text(const struct page_source *source, const struct page_plan *plan,
                             size_t file, struct record_reader *reader, struct text *text) {
    enum status status;
    page_script_begin("images", file, text);
    text_string(text, "[\n");
    for (size_t i = file * PAGE_PER_FILE; i < plan->n_images && i < (file + 1) * PAGE_PER_FILE;
         i++) {
        const struct record *record;
        TRY(records_at(reader, plan->offsets[i], &record));
        text_string(text, i % PAGE_PER_FILE ? ",\n{" : "{");
        TRY(image_write(source, record, text));
        text_string(text, "}");
    }
    text_string(text, "]");
    TRY(page_script_end(text));
out:
    return status;
}

/* ---------------------------------------------------------------- the run */

/* What of the report the page shows. */
static const char *const reported[] = {"status",          "total_images",      "total_boxes",
                                       "correct",         "mislabeled",        "uncertain",
                                       "images",          "missing_boxes",     "invalid_labels",
                                       "orphan_labels",   "unlabelled_images", "judged_as",
                                       "near_duplicates", "per_class",         "reasons",
                                       "self_test",       "parameters",        "model",
                                       "dataset",         "version",           "started",
                                       "finished",        "elapsed_seconds"};

static void report_write_part(struct json_object *report, struct text *text) {
    field_key(text, "report");
    text_string(text, "{");
    for (size_t i = 0; i < sizeof reported / sizeof *reported; i++) {
        struct json_object *value;
        if (!json_object_object_get_ex(report, reported[i], &value))
            continue;
        const char *json = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
        field_key(text, reported[i]);
        text_json_lines(text, json ? json : "null", json ? strlen(json) : strlen("null"));
    }
    text_string(text, "}");
}

/* Names the run, wherever its output lies by now. */
static void key_write(struct json_object *report, struct text *text) {
    static const char *const parts[] = {"started", "version", "model", "dataset"};
    uint64_t fingerprint = FINGERPRINT_START;
    char key[FINGERPRINT_DIGITS + 1];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *value = json_member_text(report, parts[i]);
        if (value)
            fingerprint = fingerprint_bytes(fingerprint, value, strlen(value) + 1);
    }
    fingerprint_text(fingerprint, key);
    field_string(text, "key", key);
}

enum status page_run_text(const struct run_results *results, const struct page_plan *plan,
                          const struct page_totals *totals, struct text *text) {
    page_script_begin("run", 0, text);
    text_string(text, "{");
    field_count(text, "format", FORMAT);
    key_write(results->report, text);
    field_string(text, "output", results->output);
    field_count(text, "n_findings", plan->n_findings);
    field_count(text, "n_images", plan->n_images);
    field_count(text, "n_all", totals->all);
    field_count(text, "n_all_weak", totals->all_weak);
    field_count(text, "cell", PAGE_CELL);
    field_count(text, "columns", PAGE_COLUMNS);
    field_count(text, "per_sheet", PAGE_PER_SHEET);
    field_count(text, "per_file", PAGE_PER_FILE);
    field_key(text, "classes");
    text_string(text, "[");
    for (size_t i = 0; i < results->n_classes; i++) {
        field_next(text);
        text_json_string(text, results->names[i]);
    }
    text_string(text, "]");
    if (results->keypoints.count > 0) {
        field_key(text, "kpt_shape");
        text_format(text, "[%u, %u]", results->keypoints.count, results->keypoints.values);
    }
    report_write_part(results->report, text);
    text_string(text, "}");
    return page_script_end(text);
}
