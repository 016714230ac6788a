/* The columns of a label line behind its class, where it says more than a box: corners of an
 * outline, or box and keypoints. Internal to src/review/apply. */
#ifndef VERIFY_REVIEW_APPLY_LABEL_POINTS_H
#define VERIFY_REVIEW_APPLY_LABEL_POINTS_H

#include "base/text.h"
#include "data/label.h"
#include "review/apply/decision.h"
#include "review/label_line.h"

/* Why a decision's points cannot stand in a line; NULL: they can. `line` NULL: in a new one. */
const char *label_points_why_not(const struct keypoint_shape *shape, const struct label_line *line,
                                 const struct decision *decision);

/* Appends what stands behind the class, with a blank before each number: of a line, in `bytes`, the
 * blanks that it has there, and its own numbers where the decision leaves them. A keypoint that the
 * line leaves out (its visibility is 0) and whose visibility stays is left out still. */
void label_points_write(const struct keypoint_shape *shape, const char *bytes,
                        const struct label_line *line, const struct decision *decision,
                        struct text *text);

#endif
