#include "output/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "output/fields.h"

enum status tally_make(size_t n_classes, struct tally *tally) {
    *tally = (struct tally){.n_classes = n_classes,
                            .length = TALLY_CLASSES + n_classes * TALLY_PER_CLASS};
    return memory_zeroed(tally->length, sizeof *tally->counts, &tally->counts);
}

void tally_free(struct tally *tally) {
    free(tally->counts);
    free(tally->swaps);
    text_free(&tally->failures);
    *tally = (struct tally){0};
}

static void count_class(struct tally *tally, int64_t class, int what) {
    if (class >= 0 && (size_t) class < tally->n_classes)
        tally->counts[TALLY_CLASSES + (size_t) class * TALLY_PER_CLASS + (size_t)what]++;
}

static void add_failure(struct text *failures, const struct image_result *result) {
    text_string(failures, "{");
    field_string(failures, "image", result->name);
    field_string(failures, "reason", result->error);
    text_string(failures, "}\n");
}

enum status tally_add(struct tally *tally, const struct image_result *result,
                      const struct class_map *classes) {
    tally->counts[TALLY_IMAGES + result->bucket]++;
    if (result->labels)
        tally->counts[TALLY_INVALID] += result->labels->n_invalid;
    if (result->bucket == BUCKET_FAILED) {
        add_failure(&tally->failures, result);
        return text_status(&tally->failures);
    }
    tally->counts[TALLY_MISSING] += result->n_missing;
    for (size_t i = 0; i < result->n_missing; i++)
        count_class(tally, class_in_data(classes, result->missing[i].class), TALLY_CLASS_MISSING);
    for (size_t i = 0; i < result->n_boxes; i++) {
        const struct box_result *box = &result->boxes[i];
        tally->counts[TALLY_BOXES + box->verdict]++;
        count_class(tally, box->label.class, TALLY_CLASS_BOXES + (int)box->verdict);
        if (box->verdict != VERDICT_MISLABELED || box->reason != REASON_CLASS)
            continue;
        int32_t suggested = class_in_data(classes, box->evidence.suggested);
        if (suggested < 0)
            continue;
        enum status status = tally_add_swaps(tally, (int32_t)box->label.class, suggested, 1);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

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
