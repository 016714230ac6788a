/* Moves what a run has placed from bucket to bucket, with all that somebody has changed of it. What
 * is done already can be done again, so that a process may be killed anywhere. */
#ifndef VERIFY_OUTPUT_MOVE_H
#define VERIFY_OUTPUT_MOVE_H

#include "output/manifest.h"

struct mover;

/* Opens the buckets' folders. On failure *out is NULL. */
enum status mover_open(const char *output, struct mover **out);
void mover_close(struct mover *mover); /* NULL is fine */

/* How an image is to be moved. */
struct move {
    enum bucket to;
    bool search; /* it may be in any bucket, not in the entry's alone */
    bool shared; /* its label file is another image's, too: that is copied, not moved */
};

/* STATUS_BAD_INPUT where something else has the name that it would get, which is said. Changes
 * nothing. */
enum status mover_check(const struct mover *mover, const struct manifest_entry *entry,
                        const struct move *move);
/* What is gone stays so. STATUS_FAILED or STATUS_BAD_INPUT with what, where and why. */
enum status mover_move(const struct mover *mover, const struct manifest_entry *entry,
                       const struct move *move);
/* Removes the image's label file from a bucket where no image needs it any more. */
enum status mover_drop_label(const struct mover *mover, const struct manifest_entry *entry,
                             enum bucket bucket);
/* Removes the folders in the buckets that are empty. */
void mover_drop_empty(const struct mover *mover);

#endif
