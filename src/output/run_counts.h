/* What a finished run comes to: what its exit status depends on, and whether it can be right. */
#ifndef VERIFY_OUTPUT_RUN_COUNTS_H
#define VERIFY_OUTPUT_RUN_COUNTS_H

#include <stdint.h>

/* Of all images, whichever epoch they were verified in. */
struct run_counts {
    uint64_t read_images, failed_images;
    uint64_t invalid_lines;
    uint64_t mislabeled_boxes;
    uint64_t known_boxes, confirmed_boxes; /* of classes that the model knows; `correct` of them */
};

#endif
