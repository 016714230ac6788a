/* What the judge says of an image before any threshold, written. */
#include "output/evidence.h"

#include <string.h>

#include "data/label.h"
#include "output/evidence_form.h"
#include "output/fields.h"
#include "output/streams.h"
#include "output/tally_self_test.h"

stream_write evidence_stream_write; /* a row of streams.c */

/* Lowest byte first. */
static void put_bytes(struct text *text, uint64_t value, size_t n) {
    char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(value >> 8 * i & 0xff);
    text_bytes(text, bytes, n);
}

static void put_whole(struct text *text, uint64_t value) {
    char bytes[10];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (char)((value & 0x7f) | 0x80);
    bytes[n++] = (char)value;
    text_bytes(text, bytes, n);
}

static void put_real(struct text *text, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_bytes(text, bits, sizeof bits);
}

static void put_reals(struct text *text, const float *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        put_real(text, values[i]);
}

static void put_score(struct text *text, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_bytes(text, bits, sizeof bits);
}

static void put_text(struct text *text, const char *value) {
    size_t length = value ? strlen(value) + 1 : 0;
    put_whole(text, length);
    text_bytes(text, value ? value : "", length);
}

static void put_class(struct text *text, const struct class_map *classes, int32_t class) {
    put_whole(text, (uint64_t)((int64_t)class_in_data(classes, class) + 1));
}

static void put_numbers(struct text *text, const float *numbers, size_t first, size_t count) {
    put_whole(text, count);
    if (count > 0)
        put_reals(text, numbers + first, count);
}

/* What a task has of its own. */
static void put_own(struct text *text, const struct task_evidence *task) {
    if (task->task != TASK_POSE)
        return;
    put_whole(text, (uint64_t)((int64_t)task->pose.point + 1));
    put_whole(text, task->pose.swapped);
    put_whole(text, task->pose.absent);
    put_whole(text, task->pose.invented);
    put_whole(text, task->pose.values);
}

static void put_task(struct text *text, const struct task_evidence *task, const float *numbers) {
    put_whole(text, (uint64_t)task->task);
    put_real(text, task->agreement);
    put_real(text, task->error);
    put_own(text, task);
    put_numbers(text, numbers, task->first, numbers ? task->count : 0);
}

/* `numbers`: what its task_evidence refers to; NULL: they are left out. */
static void put_evidence(struct text *text, const struct evidence *evidence, const float *numbers,
                         const struct class_map *classes) {
    bool task = evidence->task.task != TASK_DETECT;
    unsigned flags = (evidence->judged ? KEPT_JUDGED : 0u) |
                     (evidence->has_refined ? KEPT_REFINED : 0u) | (task ? KEPT_TASK : 0u);
    put_whole(text, flags);
    put_class(text, classes, evidence->suggested);
    if (!evidence->judged)
        return;
    for (size_t i = 0; i < KEPT_REALS; i++)
        put_real(text, *kept_real((struct evidence *)evidence, i));
    if (evidence->has_refined)
        put_reals(text, evidence->refined, 4);
    if (task)
        put_task(text, &evidence->task, numbers);
}

static void put_box(struct text *text, const struct box_result *box, const float *numbers,
                    const struct class_map *classes) {
    put_whole(text, box->label.line);
    put_whole(text, box->label.class);
    put_reals(text, box->label.xywhn, 4);
    put_evidence(text, &box->evidence, numbers, classes);
    if (box->evidence.judged)
        put_score(text, box->score);
}

static bool is_kept(const struct detection *object) {
    return object->certainty >= MISSING_FLOOR;
}

/* Whether the network says more of an object than its box. */
static bool has_points(const struct image_result *result) {
    for (size_t i = 0; i < result->n_objects; i++)
        if (is_kept(&result->objects[i]) && result->objects[i].count > 0)
            return true;
    return false;
}

static void put_objects(struct text *text, const struct image_result *result,
                        const struct class_map *classes) {
    size_t n = 0;
    bool points = has_points(result);
    for (size_t i = 0; i < result->n_objects; i++)
        n += is_kept(&result->objects[i]);
    put_whole(text, n);
    for (size_t i = 0; i < result->n_objects; i++) {
        const struct detection *object = &result->objects[i];
        if (!is_kept(object))
            continue;
        put_class(text, classes, object->class);
        put_real(text, object->confidence);
        put_real(text, object->certainty);
        put_reals(text, object->box, 4);
        if (points)
            put_numbers(text, result->numbers, object->first, object->count);
    }
}

static void put_seen(struct text *text, const struct planted_seen *seen,
                     const struct class_map *classes) {
    put_whole(text, (uint64_t)seen->kind);
    put_whole(text, seen->label == NO_LABEL ? 0 : seen->label + 1);
    put_evidence(text, &seen->wrong, NULL, classes);
    put_evidence(text, &seen->other, NULL, classes);
    put_real(text, seen->certainty);
}

static void put_invalid(struct text *text, const struct label_file *labels) {
    size_t n = labels ? labels->n_invalid : 0;
    put_whole(text, n);
    for (size_t i = 0; i < n; i++) {
        put_whole(text, labels->invalid[i].line);
        put_text(text, labels->invalid[i].reason);
    }
}

/* Mostly the image's name tells it. */
static enum status put_label(struct text *text, const struct image_result *result) {
    struct text usual = {0};
    enum status status = STATUS_OK;
    bool is_usual = false;
    if (result->label) {
        status = label_path_text(result->name, &usual);
        is_usual = status == STATUS_OK && strcmp(usual.data, result->label) == 0;
    }
    put_whole(text, is_usual);
    if (!is_usual)
        put_text(text, result->label);
    text_free(&usual);
    return status;
}

/* What is said of labels with other classes cannot be told from what else is kept. */
static enum status put_words(struct text *text, const struct image_result *result,
                             const struct class_map *classes) {
    struct text words = {0};
    if (result->hypotheses)
        self_test_label_words(result, classes, &words);
    enum status status = text_status(&words);
    if (status == STATUS_OK)
        put_text(text, words.data);
    text_free(&words);
    return status;
}

static enum status put_image(struct text *text, const struct image_result *result,
                             const struct class_map *classes) {
    enum status status;
    put_whole(text, (result->error ? KEPT_FAILED : 0u) | (result->self_test ? KEPT_SELF_TEST : 0u) |
                        (result->labels && result->labels->absent ? KEPT_UNLABELLED : 0u) |
                        (has_points(result) ? KEPT_POINTS : 0u));
    put_text(text, result->name);
    TRY(put_label(text, result));
    put_text(text, result->split);
    put_text(text, result->error);
    put_whole(text, result->width);
    put_whole(text, result->height);
    put_whole(text, result->imgsz);
    put_score(text, result->score);
    put_whole(text, result->n_boxes);
    for (size_t i = 0; i < result->n_boxes; i++)
        put_box(text, &result->boxes[i], result->numbers, classes);
    put_objects(text, result, classes);
    put_invalid(text, result->labels);
    put_whole(text, result->n_seen);
    for (size_t i = 0; i < result->n_seen; i++)
        put_seen(text, &result->seen[i], classes);
    TRY(put_words(text, result, classes));
out:
    return status;
}

enum status evidence_write(const struct image_result *result, const struct class_map *classes,
                           struct text *text) {
    enum status status;
    size_t start = text->length;
    put_bytes(text, 0, EVIDENCE_LENGTH_BYTES);
    TRY(put_image(text, result, classes));
    TRY(text_status(text));
    size_t length = text->length - start - EVIDENCE_LENGTH_BYTES;
    if (length > EVIDENCE_PART_BYTES)
        return FAIL(STATUS_FAILED, "%.1000s: too much is to be kept of it: %zu bytes", result->name,
                    length);
    for (size_t i = 0; i < EVIDENCE_LENGTH_BYTES; i++)
        text->data[start + i] = (char)(length >> 8 * i & 0xff);
out:
    return status;
}

enum status evidence_stream_write(const struct stream_source *source, struct text *text) {
    return evidence_write(source->result, source->classes, text);
}
