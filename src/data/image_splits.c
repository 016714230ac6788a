/* Which split of a data.yaml each image is of. */
#include "data/image_splits.h"

#include <inttypes.h>

const char *image_split(const struct image_splits *splits, uint64_t index) {
    for (size_t i = 0; i < splits->count; i++)
        if (index < splits->end[i])
            return split_name(splits->split[i]);
    return NULL;
}

void image_splits_text(const struct image_splits *splits, struct text *text) {
    uint64_t first = 0;
    for (size_t i = 0; i < splits->count; i++) {
        if (splits->end[i] > first)
            text_format(text, "%s%s %" PRIu64, first ? ", " : "", split_name(splits->split[i]),
                        splits->end[i] - first);
        first = splits->end[i];
    }
}
