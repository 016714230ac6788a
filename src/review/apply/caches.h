/* The caches of labels that trainers keep beside them, and would read in place of changed ones. */
#ifndef VERIFY_REVIEW_APPLY_CACHES_H
#define VERIFY_REVIEW_APPLY_CACHES_H

#include <stdint.h>

#include "base/text.h"

/* Which folders were looked at last; zeroed at first. */
struct caches {
    struct text folder, within;
    uint64_t removed; /* each was shown */
};
void caches_free(struct caches *caches);

/* Removes what Ultralytics and YOLOv5 keep of a label file (absolute path): beside its folder and
 * those above it within the data set's folder `within`, a file of the folder's name with the suffix
 * .cache; and right in `within`, one beside a list .txt of the same name. Files alone, no links. */
enum status caches_remove(struct caches *caches, const char *label, const char *within);

#endif
