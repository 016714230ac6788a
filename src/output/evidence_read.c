/* What the judge says of an image before any threshold, read back. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "output/evidence.h"
#include "output/evidence_form.h"

/* A place in a part. Once something was not as it should be, all that follows is 0. */
struct reader {
    const unsigned char *at, *end;
    bool damaged;
};

static uint64_t take_bytes(struct reader *reader, size_t n) {
    uint64_t value = 0;
    reader->damaged |= (size_t)(reader->end - reader->at) < n;
    for (size_t i = 0; i < n && !reader->damaged; i++)
        value |= (uint64_t)*reader->at++ << 8 * i;
    return value;
}

static uint64_t take_whole(struct reader *reader, uint64_t most) {
    uint64_t value = 0;
    unsigned shift = 0;
    bool more = true;
    for (; more && !reader->damaged && shift < 64; shift += 7) {
        uint64_t byte = take_bytes(reader, 1);
        value |= (byte & 0x7f) << shift;
        more = byte & 0x80;
    }
    reader->damaged |= more || value > most;
    return reader->damaged ? 0 : value;
}

static float take_real(struct reader *reader) {
    uint32_t bits = (uint32_t)take_bytes(reader, sizeof bits);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void take_reals(struct reader *reader, float *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        values[i] = take_real(reader);
}

static double take_score(struct reader *reader) {
    uint64_t bits = take_bytes(reader, sizeof bits);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static const char *take_text(struct reader *reader) {
    size_t length = (size_t)take_whole(reader, (uint64_t)(reader->end - reader->at));
    const char *text = (const char *)reader->at;
    if (length == 0)
        return NULL;
    reader->damaged |= length > (size_t)(reader->end - reader->at) || text[length - 1] != '\0' ||
                       strlen(text) != length - 1;
    if (reader->damaged)
        return NULL;
    reader->at += length;
    return text;
}

/* How many of something follow, each at least a byte. */
static size_t take_count(struct reader *reader) {
    return (size_t)take_whole(reader, (uint64_t)(reader->end - reader->at));
}

static int32_t take_class(struct reader *reader) {
    return (int32_t)((int64_t)take_whole(reader, INT32_MAX) - 1);
}

static void take_own(struct reader *reader, struct task_evidence *task) {
    if (task->task != TASK_POSE)
        return;
    task->pose.point = (int32_t)((int64_t)take_whole(reader, INT32_MAX) - 1);
    task->pose.swapped = take_whole(reader, 1) != 0;
    task->pose.absent = (uint32_t)take_whole(reader, UINT32_MAX);
    task->pose.invented = (uint32_t)take_whole(reader, UINT32_MAX);
    task->pose.values = (uint32_t)take_whole(reader, 3);
    reader->damaged |= task->pose.values < 2;
}

/* Adds them to the image's. */
static enum status take_numbers(struct reader *reader, struct kept_image *image, size_t *first,
                                size_t *count) {
    enum status status;
    *first = image->n_numbers;
    *count = take_count(reader);
    TRY(memory_reserve(&image->numbers, &image->number_capacity, *first + *count,
                       sizeof *image->numbers));
    take_reals(reader, image->numbers + *first, *count);
    image->n_numbers += *count;
out:
    return status;
}

static enum status take_task(struct reader *reader, struct kept_image *image,
                             struct task_evidence *task) {
    task->task = (enum task)take_whole(reader, TASK_COUNT - 1);
    task->agreement = take_real(reader);
    task->error = take_real(reader);
    take_own(reader, task);
    return take_numbers(reader, image, &task->first, &task->count);
}

static enum status take_evidence(struct reader *reader, struct kept_image *image,
                                 struct evidence *out) {
    enum status status = STATUS_OK;
    uint64_t flags = take_whole(reader, KEPT_JUDGED | KEPT_REFINED | KEPT_TASK);
    struct evidence evidence = {.judged = flags & KEPT_JUDGED,
                                .has_refined = flags & KEPT_REFINED,
                                .suggested = take_class(reader),
                                .twin = -1};
    for (size_t i = 0; evidence.judged && i < KEPT_REALS; i++)
        *kept_real(&evidence, i) = take_real(reader);
    if (evidence.judged && evidence.has_refined)
        take_reals(reader, evidence.refined, 4);
    if (evidence.judged && flags & KEPT_TASK)
        status = take_task(reader, image, &evidence.task);
    *out = evidence;
    return status;
}

static enum status take_boxes(struct reader *reader, struct kept_image *image) {
    enum status status;
    struct image_result *result = &image->result;
    size_t n = take_count(reader);
    TRY(memory_reserve(&result->boxes, &result->box_capacity, n ? n : 1, sizeof *result->boxes));
    result->n_boxes = n;
    for (size_t i = 0; i < n && !reader->damaged; i++) {
        struct box_result *box = &result->boxes[i];
        *box = (struct box_result){.score = 1};
        box->label.line = (uint32_t)take_whole(reader, UINT32_MAX);
        box->label.class = (uint32_t)take_whole(reader, INT32_MAX);
        take_reals(reader, box->label.xywhn, 4);
        TRY(take_evidence(reader, image, &box->evidence));
        if (box->evidence.judged)
            box->score = take_score(reader);
    }
out:
    return status;
}

/* points: their numbers of a task are kept, too. */
static enum status take_objects(struct reader *reader, struct kept_image *image, bool points) {
    enum status status;
    size_t n = take_count(reader);
    TRY(memory_reserve(&image->objects, &image->object_capacity, n ? n : 1,
                       sizeof *image->objects));
    for (size_t i = 0; i < n && !reader->damaged; i++) {
        struct detection *object = &image->objects[i];
        object->class = take_class(reader);
        object->confidence = take_real(reader);
        object->certainty = take_real(reader);
        take_reals(reader, object->box, 4);
        object->first = object->count = 0;
        if (points)
            TRY(take_numbers(reader, image, &object->first, &object->count));
    }
    image->result.n_objects = n;
    image->result.objects = image->objects;
out:
    return status;
}

/* The reasons stay in the part. */
static enum status take_invalid(struct reader *reader, struct label_file *labels) {
    enum status status;
    size_t n = take_count(reader);
    TRY(memory_reserve(&labels->invalid, &labels->invalid_capacity, n ? n : 1,
                       sizeof *labels->invalid));
    for (size_t i = 0; i < n && !reader->damaged; i++) {
        labels->invalid[i].line = (uint32_t)take_whole(reader, UINT32_MAX);
        labels->invalid[i].reason = (char *)take_text(reader);
    }
    labels->n_invalid = n;
out:
    return status;
}

static enum status take_seen(struct reader *reader, struct kept_image *image) {
    enum status status;
    struct image_result *result = &image->result;
    size_t n = take_count(reader);
    TRY(memory_reserve(&result->seen, &result->seen_capacity, n ? n : 1, sizeof *result->seen));
    for (size_t i = 0; i < n && !reader->damaged; i++) {
        struct planted_seen *seen = &result->seen[i];
        seen->kind = (enum planted_kind)take_whole(reader, PLANTED_KINDS - 1);
        size_t label = (size_t)take_whole(reader, result->n_boxes);
        seen->label = label ? label - 1 : NO_LABEL;
        TRY(take_evidence(reader, image, &seen->wrong));
        TRY(take_evidence(reader, image, &seen->other));
        seen->certainty = take_real(reader);
    }
    result->n_seen = n;
out:
    return status;
}

static enum status take_label(struct reader *reader, struct kept_image *image) {
    enum status status = STATUS_OK;
    if (take_whole(reader, 1) == 0) {
        image->result.label = take_text(reader);
    } else if (image->result.name) {
        status = label_path_text(image->result.name, &image->label);
        image->result.label = image->label.data;
    }
    return status;
}

static enum status take_image(struct reader *reader, struct kept_image *image) {
    enum status status;
    struct image_result *result = &image->result;
    uint64_t flags =
        take_whole(reader, KEPT_FAILED | KEPT_SELF_TEST | KEPT_UNLABELLED | KEPT_POINTS);
    result->self_test = flags & KEPT_SELF_TEST;
    image->labels.absent = flags & KEPT_UNLABELLED;
    result->labels = &image->labels;
    result->name = take_text(reader);
    TRY(take_label(reader, image));
    result->split = take_text(reader);
    result->error = take_text(reader);
    result->width = (uint32_t)take_whole(reader, UINT32_MAX);
    result->height = (uint32_t)take_whole(reader, UINT32_MAX);
    result->imgsz = (uint32_t)take_whole(reader, UINT32_MAX);
    result->score = take_score(reader);
    image->n_numbers = 0;
    TRY(take_boxes(reader, image));
    TRY(take_objects(reader, image, flags & KEPT_POINTS));
    TRY(take_invalid(reader, &image->labels));
    TRY(take_seen(reader, image));
    result->numbers = image->numbers;
    image->words = take_text(reader);
    result->self_test &= image->words == NULL;
    reader->damaged |= !result->name || reader->at != reader->end ||
                       (result->error != NULL) != ((flags & KEPT_FAILED) != 0);
out:
    return status;
}

enum status evidence_read(const unsigned char *bytes, size_t length, struct kept_image *image) {
    struct reader reader = {bytes, bytes + length, false};
    enum status status = take_image(&reader, image);
    return status == STATUS_OK && reader.damaged
               ? FAIL(STATUS_FAILED, "what was kept of an image is damaged")
               : status;
}

void kept_image_free(struct kept_image *image) {
    free(image->result.boxes);
    free(image->result.seen);
    free(image->result.planted);
    free(image->labels.invalid);
    free(image->objects);
    free(image->numbers);
    text_free(&image->label);
    *image = (struct kept_image){0};
}
