/* The records of two runs, side by side: an image of the one with the image of the same name of the
 * other, in whatever order each run has them. */
#ifndef VERIFY_REVIEW_DIFF_PAIRS_H
#define VERIFY_REVIEW_DIFF_PAIRS_H

#include "review/records.h"

enum run_side { RUN_OLD, RUN_NEW, RUN_SIDES };

struct pairs;

/* `outputs` are the two output folders. Memory is 22 to 43 bytes for each image whose other half
 * has not come by yet: next to nothing where both lists are in the same order. On failure *out is
 * NULL.
 */
enum status pairs_open(const char *const outputs[RUN_SIDES], struct pairs **out);
/* NULL is fine. */
void pairs_close(struct pairs *pairs);

/* The next image that both have; both NULL at the end. They are valid until the next call. */
enum status pairs_next(struct pairs *pairs, const struct record *records[RUN_SIDES]);

/* After the end: how many images only this run has, and one of them, in the order of its list; it
 * is valid until the next call. */
size_t pairs_only_count(const struct pairs *pairs, enum run_side side);
enum status pairs_only(struct pairs *pairs, enum run_side side, size_t at,
                       const struct record **record);

#endif
