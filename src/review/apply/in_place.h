/* Changing the data set itself, and taking that back. */
#ifndef VERIFY_REVIEW_APPLY_IN_PLACE_H
#define VERIFY_REVIEW_APPLY_IN_PLACE_H

#include "review/apply/applied.h"
#include "review/apply/changes.h"

/* Looks for an --in-place of this request that was interrupted: where there is one, it is opened
 * (*applied; applied_close), and need only be finished; else its number is 0. STATUS_BAD_INPUT
 * where another request was interrupted: two at once would not know which bytes are whose. */
enum status in_place_find(const char *output, uint64_t request, struct applied *applied);

/* Carries the changes out as far as a folder OUTPUT/applied-N (applied.h), opened in *applied; the
 * data set is as it was. Where nothing changes there is none, and the number is 0. On failure, too,
 * applied_close must be called. */
enum status in_place_prepare(const char *output, struct changes *changes, uint64_t request,
                             struct applied *applied);

/* Changes the data set as the folder says. */
enum status in_place_finish(struct applied *applied, struct applied_counts *counts);

/* Brings the bytes back that the data set had before the N-th. STATUS_BAD_INPUT where that was done
 * already. */
enum status in_place_undo(const char *output, uint64_t number, struct applied_counts *counts);

#endif
