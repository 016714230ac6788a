/* Counting images and boxes. */
#include "output/tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "output/clip.h"
#include "output/digits.h"
#include "output/fields.h"
#include "output/tally_self_test.h"

enum status tally_make(size_t n_classes, struct tally *tally) {
    *tally = (struct tally){.n_classes = n_classes,
                            .length = TALLY_CLASSES + n_classes * TALLY_PER_GROUP};
    enum status status = memory_zeroed(tally->length, sizeof *tally->counts, &tally->counts);
    if (status == STATUS_OK)
        status = self_test_sums_make(n_classes, &tally->self_test);
    if (status != STATUS_OK)
        tally_free(tally);
    return status;
}

void tally_free(struct tally *tally) {
    free(tally->counts);
    free(tally->swaps);
    free(tally->failure_indices);
    text_free(&tally->failures);
    self_test_sums_free(&tally->self_test);
    *tally = (struct tally){0};
}

/* ---------------------------------------------------------------- writing a line */

static void write_failure(const struct image_result *result, struct text *line) {
    text_string(line, " f ");
    text_string(line, "{");
    field_string(line, "image", result->name);
    field_string(line, "reason", result->error);
    text_string(line, "}");
}

static void write_number(struct text *line, const char *before, uint64_t number) {
    text_string(line, before);
    text_count(line, number);
}

static void write_box(const struct image_result *result, const struct box_result *box,
                      const struct class_map *classes, struct text *line) {
    const float *xywhn = box->label.xywhn;
    int32_t suggested = box->ruling.swaps ? class_in_data(classes, box->evidence.suggested) : -1;
    write_number(line, " b", box->label.class);
    write_number(line, ".", (uint64_t)box->ruling.verdict);
    write_number(line, ".", (uint64_t)box->ruling.reason);
    write_number(line, ".", (uint64_t)size_of(result, xywhn[2], xywhn[3]));
    if (suggested >= 0)
        write_number(line, ">", (uint64_t)suggested);
}

static void write_missing(const struct image_result *result, const struct detection *missing,
                          const struct class_map *classes, struct text *line) {
    double clipped[4], xywhn[4] = {0};
    int32_t class = class_in_data(classes, missing->class);
    if (class < 0)
        text_string(line, " m-");
    else
        write_number(line, " m", (uint64_t) class);
    if (box_clip(result, missing->box, clipped))
        box_fractions(result, clipped, xywhn);
    write_number(line, ".", (uint64_t)size_of(result, xywhn[2], xywhn[3]));
}

/* How many of the image's labels are no plain boxes, and whether what they say besides is seen. */
static void write_forms(const struct image_result *result, struct text *line) {
    uint64_t counts[2][LABEL_FORMS] = {{0}};
    for (size_t i = 0; i < result->n_boxes; i++) {
        const struct box_result *box = &result->boxes[i];
        counts[box->evidence.task.task != TASK_DETECT][box->label.form]++;
    }
    for (size_t whole = 0; whole < 2; whole++)
        for (size_t form = LABEL_BOX + 1; form < LABEL_FORMS; form++) {
            if (counts[whole][form] == 0)
                continue;
            write_number(line, whole ? " w" : " l", form);
            write_number(line, ".", counts[whole][form]);
        }
}

enum status tally_line(const struct image_result *result, const struct class_map *classes,
                       struct text *line) {
    text_count(line, (uint64_t)result->bucket);
    text_string(line, " ");
    text_count(line, result->labels ? result->labels->n_invalid : 0);
    if (result->labels && result->labels->absent)
        text_string(line, " u");
    if (result->bucket == BUCKET_FAILED) {
        write_failure(result, line);
        return text_status(line);
    }
    for (size_t i = 0; i < result->n_boxes; i++)
        write_box(result, &result->boxes[i], classes, line);
    for (size_t i = 0; i < result->n_missing; i++)
        write_missing(result, &result->missing[i], classes, line);
    write_forms(result, line);
    self_test_words(result, classes, line);
    return text_status(line);
}

/* ---------------------------------------------------------------- reading a line */

struct word {
    int64_t form; /* of `count` labels: what of TALLY_FORMS on; -1: a box or a missing object */
    uint64_t count;
    bool missing;     /* else a box */
    int64_t class;    /* -1: the data set lacks it */
    uint64_t verdict; /* of a box */
    uint64_t reason;  /* likewise */
    uint64_t size;
    int64_t suggested; /* -1: no swap */
};

static bool read_word(const char **at, struct word *word) {
    uint64_t class = 0, suggested = 0, form = 0;
    *word = (struct word){.form = -1, .missing = **at == 'm', .class = -1, .suggested = -1};
    if (**at == 'l' || **at == 'w') {
        size_t whole = **at == 'w' ? TALLY_WHOLE - TALLY_FORMS : 0;
        if (!digits_after(at, **at, LABEL_FORMS - 1, &form) ||
            !digits_after(at, '.', UINT32_MAX, &word->count))
            return false;
        word->form = (int64_t)(form + whole);
        return true;
    }
    if (word->missing && (*at)[1] == '-')
        *at += 2;
    else if (digits_after(at, word->missing ? 'm' : 'b', INT32_MAX, &class))
        word->class = (int64_t) class;
    else
        return false;
    if (!word->missing && (!digits_after(at, '.', VERDICT_COUNT - 1, &word->verdict) ||
                           !digits_after(at, '.', REASON_COUNT - 1, &word->reason)))
        return false;
    if (!digits_after(at, '.', SIZE_COUNT - 1, &word->size))
        return false;
    if (!word->missing && **at == '>') {
        if (!digits_after(at, '>', INT32_MAX, &suggested))
            return false;
        word->suggested = (int64_t)suggested;
    }
    return true;
}

/* What a line begins with. */
struct line_head {
    uint64_t bucket, invalid;
    bool unlabelled;
};

/* *at moves to what follows the head. */
static bool read_head(const char **at, struct line_head *head) {
    if (!digits_read(at, BUCKET_COUNT - 1, &head->bucket) ||
        !digits_after(at, ' ', UINT32_MAX, &head->invalid))
        return false;
    head->unlabelled = strncmp(*at, " u", 2) == 0;
    *at += head->unlabelled ? 2 : 0;
    return **at == ' ' || **at == '\0';
}

/* Whether all that follows the head is as it should be. */
static bool is_body(const struct tally *tally, const char *at, uint64_t bucket) {
    if (bucket == BUCKET_FAILED) {
        size_t length = strlen(at);
        return length > 4 && strncmp(at, " f {", 4) == 0 && at[length - 1] == '}' &&
               !strchr(at, '\n');
    }
    struct word word;
    while (*at)
        if (*at++ != ' ' || !(is_self_test_word(at) ? self_test_read(&at, tally->n_classes, NULL)
                                                    : read_word(&at, &word)))
            return false;
    return true;
}

/* Of the word's size, and of its class where the tally has that. */
static void count_groups(struct tally *tally, const struct word *word, size_t what) {
    tally->counts[TALLY_SIZES + word->size * TALLY_PER_GROUP + what]++;
    if (word->class >= 0 && (size_t)word->class < tally->n_classes)
        tally->counts[TALLY_CLASSES + (size_t)word->class * TALLY_PER_GROUP + what]++;
}

static enum status count_word(struct tally *tally, const struct word *word) {
    if (word->form >= 0) {
        tally->counts[TALLY_FORMS + (size_t)word->form] += word->count;
        return STATUS_OK;
    }
    if (word->missing) {
        tally->counts[TALLY_MISSING]++;
        count_groups(tally, word, TALLY_GROUP_MISSING);
        return STATUS_OK;
    }
    tally->counts[TALLY_BOXES + word->verdict]++;
    tally->counts[TALLY_REASONS + word->reason]++;
    count_groups(tally, word, TALLY_GROUP_BOXES + word->verdict);
    return word->suggested < 0
               ? STATUS_OK
               : tally_add_swaps(tally, (int32_t)word->class, (int32_t)word->suggested, 1);
}

enum status tally_apply(struct tally *tally, uint64_t index, const char *line) {
    const char *at = line;
    struct line_head head;
    if (!read_head(&at, &head) || !is_body(tally, at, head.bucket))
        return FAIL(STATUS_FAILED, "image %" PRIu64 ": what was kept of it is damaged: \"%.100s\"",
                    index, line);
    enum status status = STATUS_OK;
    tally->counts[TALLY_IMAGES + head.bucket]++;
    tally->counts[TALLY_INVALID] += head.invalid;
    tally->counts[TALLY_UNLABELLED] += head.unlabelled;
    if (head.bucket == BUCKET_FAILED)
        return tally_add_failure(tally, index, at + 3, strlen(at + 3));
    while (*at && status == STATUS_OK) {
        struct word word;
        at++;
        if (is_self_test_word(at)) {
            self_test_read(&at, tally->n_classes, &tally->self_test);
            continue;
        }
        read_word(&at, &word);
        status = count_word(tally, &word);
    }
    return status;
}

/* ---------------------------------------------------------------- swaps */

enum status tally_add_swaps(struct tally *tally, int32_t labelled, int32_t suggested,
                            uint64_t count) {
    size_t low = 0, high = tally->n_swaps;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct swap_count *swap = &tally->swaps[middle];
        if (swap->labelled < labelled ||
            (swap->labelled == labelled && swap->suggested < suggested))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < tally->n_swaps && tally->swaps[low].labelled == labelled &&
        tally->swaps[low].suggested == suggested) {
        tally->swaps[low].count += count;
        return STATUS_OK;
    }
    enum status status = memory_reserve(&tally->swaps, &tally->swap_capacity, tally->n_swaps + 1,
                                        sizeof *tally->swaps);
    if (status != STATUS_OK)
        return status;
    memmove(&tally->swaps[low + 1], &tally->swaps[low],
            (tally->n_swaps - low) * sizeof *tally->swaps);
    tally->swaps[low] = (struct swap_count){labelled, suggested, count};
    tally->n_swaps++;
    return STATUS_OK;
}

/* ---------------------------------------------------------------- failures */

enum status tally_add_failure(struct tally *tally, uint64_t index, const char *json,
                              size_t length) {
    enum status status = memory_reserve(&tally->failure_indices, &tally->failure_capacity,
                                        tally->n_failures + 1, sizeof *tally->failure_indices);
    if (status != STATUS_OK)
        return status;
    text_bytes(&tally->failures, json, length);
    text_bytes(&tally->failures, "\n", 1);
    tally->failure_indices[tally->n_failures++] = index;
    return text_status(&tally->failures);
}

struct failure {
    uint64_t index;
    size_t start, length; /* in the text, newline included */
};

static int by_index(const void *a, const void *b) {
    const struct failure *left = a, *right = b;
    if (left->index != right->index)
        return left->index < right->index ? -1 : 1;
    return left->start < right->start ? -1 : left->start > right->start;
}

enum status tally_sort_failures(struct tally *tally) {
    enum status status;
    struct failure *order = NULL;
    struct text sorted = {0};
    TRY(memory_zeroed(tally->n_failures, sizeof *order, &order));
    size_t start = 0;
    for (size_t i = 0; i < tally->n_failures; i++) {
        const char *line = tally->failures.data + start;
        size_t length = strcspn(line, "\n") + 1;
        order[i] = (struct failure){tally->failure_indices[i], start, length};
        start += length;
    }
    qsort(order, tally->n_failures, sizeof *order, by_index);
    for (size_t i = 0; i < tally->n_failures; i++)
        text_bytes(&sorted, tally->failures.data + order[i].start, order[i].length);
    TRY(text_status(&sorted));
    for (size_t i = 0; i < tally->n_failures; i++)
        tally->failure_indices[i] = order[i].index;
    text_free(&tally->failures);
    tally->failures = sorted;
    sorted = (struct text){0};
out:
    text_free(&sorted);
    free(order);
    return status;
}
