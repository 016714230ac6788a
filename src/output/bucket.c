/* The folder that an image belongs in. */
#include "output/result.h"

enum bucket bucket_of(const struct image_result *result) {
    if (result->error)
        return BUCKET_FAILED;
    bool uncertain = result->n_missing > 0 || (result->labels && result->labels->n_invalid > 0);
    for (size_t i = 0; i < result->n_boxes; i++) {
        if (result->boxes[i].ruling.verdict == VERDICT_MISLABELED)
            return BUCKET_MISLABELED;
        uncertain |= result->boxes[i].ruling.verdict == VERDICT_UNCERTAIN;
    }
    return uncertain ? BUCKET_UNCERTAIN : BUCKET_CORRECT;
}

const char *bucket_name(enum bucket bucket) {
    static const char *const names[BUCKET_COUNT] = {"correct", "mislabeled", "uncertain", NULL};
    return names[bucket];
}
