/* What a run's counts mean. */
#include "job/outcome.h"

enum { STRICT = 3, TOO_MANY_MISLABELED = 4 };

/* Fewer labels say little. A poor model on hard pictures confirms a tenth or more; one that is fed
 * at a tenth of its size, or that was trained on something else, next to none. */
enum { MANY_BOXES = 200, LEAST_SHARE = 20 };

struct run_counts run_counts_make(const struct tally *tally, const struct class_map *classes) {
    const uint64_t *counts = tally->counts, *images = counts + TALLY_IMAGES;
    struct run_counts found = {
        .failed_images = images[BUCKET_FAILED],
        .invalid_lines = counts[TALLY_INVALID],
        .mislabeled_boxes = counts[TALLY_BOXES + VERDICT_MISLABELED],
    };
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        found.read_images += i == BUCKET_FAILED ? 0 : images[i];
    for (size_t c = 0; c < tally->n_classes; c++) {
        const uint64_t *boxes = counts + TALLY_CLASSES + c * TALLY_PER_GROUP + TALLY_GROUP_BOXES;
        if (classes->to_model[c] < 0)
            continue;
        for (size_t v = 0; v < VERDICT_COUNT; v++)
            found.known_boxes += boxes[v];
        found.confirmed_boxes += boxes[VERDICT_CORRECT];
    }
    return found;
}

bool nothing_was_read(const struct run_counts *counts) {
    return counts->read_images == 0 && counts->failed_images > 0;
}

int exit_status_of(const struct options *options, const struct run_counts *counts) {
    if (nothing_was_read(counts))
        return STATUS_FAILED;
    if (options->fail_on >= 0 && counts->mislabeled_boxes > (uint64_t)options->fail_on)
        return TOO_MANY_MISLABELED;
    if (options->strict && (counts->failed_images > 0 || counts->invalid_lines > 0))
        return STRICT;
    return STATUS_OK;
}

bool model_seems_wrong(const struct run_counts *counts) {
    return counts->known_boxes >= MANY_BOXES &&
           counts->confirmed_boxes < counts->known_boxes / LEAST_SHARE;
}
