/* Puts the report together. */
#include "output/report.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "output/fields.h"
#include "output/judged_as.h"
#include "output/report_self_test.h"
#include "output/storage.h"
#include "output/work_folder.h"

/* The report is put together as one line with the helpers of text.h; json-c then checks it, with
 * what the caller gave, and indents it. */

static void field_time(struct text *text, const char *key, double seconds) {
    char iso[64] = "";
    struct tm utc;
    time_t whole = (time_t)seconds;
    if (gmtime_r(&whole, &utc))
        strftime(iso, sizeof iso, "%Y-%m-%dT%H:%M:%SZ", &utc);
    field_string(text, key, iso);
}

static uint64_t sum(const uint64_t *counts, size_t n) {
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += counts[i];
    return total;
}

static void verdicts_write(struct text *text, const uint64_t boxes[VERDICT_COUNT]) {
    for (int v = 0; v < VERDICT_COUNT; v++)
        field_count(text, verdict_name((enum verdict)v), boxes[v]);
}

static void totals_write(struct text *text, const struct report *report) {
    const uint64_t *counts = report->tally->counts;
    const uint64_t *images = counts + TALLY_IMAGES, *boxes = counts + TALLY_BOXES;
    field_count(text, "total_images", sum(images, BUCKET_COUNT));
    field_count(text, "total_boxes", sum(boxes, VERDICT_COUNT));
    verdicts_write(text, boxes);
    field_key(text, "images");
    text_string(text, "{");
    for (int b = 0; b < BUCKET_FAILED; b++)
        field_count(text, bucket_name((enum bucket)b), images[b]);
    field_count(text, "failed", images[BUCKET_FAILED]);
    text_string(text, "}");
    field_count(text, "missing_boxes", counts[TALLY_MISSING]);
    field_count(text, "invalid_labels", counts[TALLY_INVALID]);
    field_count(text, "orphan_labels", report->orphan_labels);
}

/* The counts of a class, or of a size. */
static void group_write(struct text *text, const uint64_t counts[TALLY_PER_GROUP]) {
    const uint64_t *boxes = counts + TALLY_GROUP_BOXES;
    field_count(text, "boxes", sum(boxes, VERDICT_COUNT));
    verdicts_write(text, boxes);
    field_count(text, "missing", counts[TALLY_GROUP_MISSING]);
}

static void classes_write(struct text *text, const struct report *report) {
    field_key(text, "per_class");
    text_string(text, "[");
    for (size_t c = 0; c < report->tally->n_classes; c++) {
        field_next(text);
        text_string(text, "{");
        field_class(text, report->classes, "id", "name", (int64_t)c);
        group_write(text, report->tally->counts + TALLY_CLASSES + c * TALLY_PER_GROUP);
        text_string(text, "}");
    }
    text_string(text, "]");
}

static void sizes_write(struct text *text, const struct report *report) {
    field_key(text, "per_size");
    text_string(text, "[");
    for (size_t s = 0; s < SIZE_COUNT; s++) {
        field_next(text);
        text_string(text, "{");
        field_string(text, "size", size_name((enum size)s));
        field_count(text, "from_area", size_from((enum size)s));
        if (s + 1 < SIZE_COUNT)
            field_count(text, "below_area", size_from((enum size)(s + 1)));
        else
            field_string(text, "below_area", NULL);
        group_write(text, report->tally->counts + TALLY_SIZES + s * TALLY_PER_GROUP);
        text_string(text, "}");
    }
    text_string(text, "]");
}

static void reasons_write(struct text *text, const struct report *report) {
    field_key(text, "reasons");
    text_string(text, "{");
    for (int r = REASON_NONE + 1; r < REASON_COUNT; r++) {
        uint64_t count = report->tally->counts[TALLY_REASONS + r];
        if (count > 0 || !reason_is_of_points((enum reason)r))
            field_count(text, reason_name((enum reason)r), count);
    }
    text_string(text, "}");
}

static void forms_write(struct text *text, const struct report *report) {
    const struct judged_as judged = judged_as_of(report->tally);
    field_key(text, "judged_as");
    judged_as_json(&judged, text);
    field_string(text, "label_format", report->label_format);
    field_key(text, "kpt_shape");
    if (report->keypoints.count > 0)
        text_format(text, "[%u, %u]", report->keypoints.count, report->keypoints.values);
    else
        text_string(text, "null");
}

static void left_out_write(struct text *text, const struct report *report) {
    field_count(text, "unlabelled_images", report->tally->counts[TALLY_UNLABELLED]);
    field_key(text, "skipped_files");
    text_string(text, "{");
    for (size_t i = 0; i < report->n_unread_kinds; i++)
        field_count(text, report->unread_kinds[i].suffix, report->unread_kinds[i].count);
    text_string(text, "}");
}

/* Largest first, then by class numbers. */
static int compare_swaps(const void *left, const void *right) {
    const struct swap_count *a = left, *b = right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    if (a->labelled != b->labelled)
        return a->labelled < b->labelled ? -1 : 1;
    return (a->suggested > b->suggested) - (a->suggested < b->suggested);
}

static enum status swaps_write(struct text *text, const struct report *report) {
    const struct tally *tally = report->tally;
    struct swap_count *swaps;
    enum status status = memory_zeroed(tally->n_swaps, sizeof *swaps, &swaps);
    if (status != STATUS_OK)
        return status;
    if (tally->n_swaps > 0) {
        memcpy(swaps, tally->swaps, tally->n_swaps * sizeof *swaps);
        qsort(swaps, tally->n_swaps, sizeof *swaps, compare_swaps);
    }
    field_key(text, "swaps");
    text_string(text, "[");
    for (size_t i = 0; i < tally->n_swaps; i++) {
        field_next(text);
        text_string(text, "{");
        field_class(text, report->classes, "labelled", "labelled_name", swaps[i].labelled);
        field_class(text, report->classes, "suggested", "suggested_name", swaps[i].suggested);
        field_count(text, "count", swaps[i].count);
        text_string(text, "}");
    }
    text_string(text, "]");
    free(swaps);
    return STATUS_OK;
}

/* The tally has one object a line. */
static void failures_write(struct text *text, const struct report *report) {
    const struct text *failures = &report->tally->failures;
    field_key(text, "failed_images");
    text_string(text, "[");
    for (size_t start = 0; start < failures->length;) {
        const char *line = failures->data + start;
        const char *end = memchr(line, '\n', failures->length - start);
        size_t length = end ? (size_t)(end - line) : failures->length - start;
        field_next(text);
        text_bytes(text, line, length);
        start += length + 1;
    }
    text_string(text, "]");
}

static void ranks_write(struct text *text, const struct report *report) {
    field_key(text, "per_rank");
    text_string(text, "[");
    for (size_t i = 0; i < report->n_ranks; i++) {
        const struct rank_report *rank = &report->ranks[i];
        double speed = rank->seconds > 0 ? (double)rank->images / rank->seconds : 0;
        field_next(text);
        text_string(text, "{");
        field_count(text, "rank", (uint64_t)rank->rank);
        field_string(text, "host", rank->host);
        field_string(text, "device", rank->device);
        field_count(text, "images", rank->images);
        field_number(text, "seconds", rank->seconds, 3);
        field_number(text, "images_per_second", speed, 2);
        text_string(text, "}");
    }
    text_string(text, "]");
}

static void near_write(struct text *text, const struct report *report) {
    field_key(text, "near_duplicates");
    text_string(text, report->near_duplicates ? report->near_duplicates : "null");
}

static enum status line_write(struct text *text, const struct report *report) {
    enum status status;
    text_string(text, "{");
    field_string(text, "status", report->status);
    totals_write(text, report);
    classes_write(text, report);
    sizes_write(text, report);
    reasons_write(text, report);
    forms_write(text, report);
    left_out_write(text, report);
    near_write(text, report);
    report_self_test(text, report->self_test, &report->tally->self_test);
    TRY(swaps_write(text, report));
    failures_write(text, report);
    ranks_write(text, report);
    field_key(text, "parameters");
    text_string(text, report->parameters);
    field_string(text, "model", report->model);
    field_string(text, "dataset", report->dataset);
    field_string(text, "version", VERIFY_VERSION);
    field_time(text, "started", report->started);
    field_time(text, "finished", report->finished);
    field_number(text, "elapsed_seconds", report->finished - report->started, 3);
    text_string(text, "}");
    status = text_status(text);
out:
    return status;
}

/* What does not depend on verdicts, and the run's times, are as they were. */
static enum status keep_former(struct json_object *root, struct json_object *former) {
    static const char *const kept[] = {"orphan_labels", "skipped_files", "per_rank",
                                       "model",         "dataset",       "version",
                                       "started",       "finished",      "elapsed_seconds"};
    /* An older version's report lacks these. */
    static const char *const newer[] = {"judged_as", "label_format", "kpt_shape",
                                        "near_duplicates"};
    for (size_t i = 0; i < sizeof newer / sizeof *newer; i++) {
        struct json_object *value;
        if (!json_object_object_get_ex(former, newer[i], &value))
            json_object_object_del(root, newer[i]);
        else if (json_object_object_add(root, newer[i], json_object_get(value)) != 0)
            return FAIL(STATUS_FAILED, "out of memory: the report");
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        struct json_object *value;
        if (!json_object_object_get_ex(former, kept[i], &value))
            return FAIL(STATUS_BAD_INPUT, REPORT_FILE " has no %s: it is none of verify's",
                        kept[i]);
        if (json_object_object_add(root, kept[i], json_object_get(value)) != 0)
            return FAIL(STATUS_FAILED, "out of memory: the report");
    }
    return STATUS_OK;
}

static enum status report_text(const struct report *report, struct text *text) {
    struct text line = {0};
    struct json_object *root = NULL;
    enum json_tokener_error error;
    size_t length = 0;
    const char *indented;
    enum status status;
    TRY(line_write(&line, report));
    root = json_tokener_parse_verbose(line.data, &error);
    if (!root) {
        status = FAIL(STATUS_FAILED, "cannot build the report: %s", json_tokener_error_desc(error));
        goto out;
    }
    if (report->former)
        TRY(keep_former(root, report->former));
    indented = json_object_to_json_string_length(
        root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE,
        &length);
    if (!indented) {
        status = FAIL(STATUS_FAILED, "out of memory: the report");
        goto out;
    }
    text_json_lines(text, indented, length);
    text_string(text, "\n");
    status = text_status(text);
out:
    text_free(&line);
    json_object_put(root);
    return status;
}

/* On the disk when it returns, or not there. */
enum status report_write(const char *output, const struct report *report) {
    enum status status;
    struct text text = {0};
    int folder = -1;
    TRY(report_text(report, &text));
    TRY(output_folder_open(output, false, &folder));
    const struct location location = {folder, output, REPORT_FILE};
    status = file_write(&location, text.data, text.length, true);
out:
    if (folder >= 0)
        close(folder);
    text_free(&text);
    return status;
}

enum status report_draft(const char *output, const struct report *report) {
    enum status status;
    struct text text = {0};
    struct work_folder work = {.output = -1, .folder = -1};
    TRY(report_text(report, &text));
    TRY(work_folder_open(output, true, &work));
    const struct location location = work_location(&work, MERGE_PREFIX REPORT_FILE);
    status = file_write(&location, text.data, text.length, true);
out:
    work_folder_close(&work);
    text_free(&text);
    return status;
}
