/* What the thresholds make of an image: all else that is said of it does not depend on them. */
#ifndef VERIFY_JOB_DECIDE_H
#define VERIFY_JOB_DECIDE_H

#include "job/options.h"
#include "output/result.h"

/* The thresholds that the flags name. */
struct thresholds options_thresholds(const struct options *options);

/* Sets the rulings of the result's boxes, `missing`, `planted` and `bucket`, by its evidence,
 * `objects` and `seen`. `missing` becomes the caller's, which is used again and again. Of a planted
 * error that is not counted, since something speaks against its label as it is, nothing is said. A
 * failed image gets its bucket alone. */
enum status image_decide(const struct thresholds *thresholds, struct detections *missing,
                         struct image_result *result);

#endif
