/* A corrected copy of all label files, in the data set's own layout. */
#ifndef VERIFY_REVIEW_APPLY_CORRECTED_H
#define VERIFY_REVIEW_APPLY_CORRECTED_H

#include "review/apply/changes.h"

/* The name of the difference in a corrected copy, and among what an --in-place leaves. */
#define CHANGES_FILE "changes.diff"

struct copy_counts {
    uint64_t copied; /* label files that stay as they are */
    uint64_t others; /* files in folders `labels` that are no .txt */
    uint64_t left;   /* label files that cannot be read, links that are not followed; shown */
};

/* Writes the copy, with the changes carried out, and the difference beside it, into the folder `to`
 * (absolute), which must not be there yet, or be empty; it appears whole. Where nothing changes
 * none is written. STATUS_BAD_INPUT where `to` lies among the data set's files. */
enum status corrected_write(const char *to, struct layout *layout, struct changes *changes,
                            struct copy_counts *counts);

#endif
