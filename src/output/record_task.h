/* What a record says of a label beside box and class. Internal to src/output. */
#ifndef VERIFY_OUTPUT_RECORD_TASK_H
#define VERIFY_OUTPUT_RECORD_TASK_H

#include "base/text.h"
#include "output/result.h"

enum { RECORD_DECIMALS = 4 }; /* of evidence */

/* Appends the fields of its task: how well the label agrees with the network's own, how far off it
 * is, and `refined_points`, the network's own: fractions of the picture, not clipped, of keypoints
 * behind them how visible they are. Nothing where nothing is seen of it. */
void record_task_write(struct text *text, const struct image_result *result,
                       const struct task_evidence *evidence);
/* Appends the network's own points of a missing object, likewise: `points`. */
void record_points_write(struct text *text, const struct image_result *result,
                         const struct detection *missing);

#endif
