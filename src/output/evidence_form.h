/* What the writer and the reader of evidence share. Internal to src/output. */
#ifndef VERIFY_OUTPUT_EVIDENCE_FORM_H
#define VERIFY_OUTPUT_EVIDENCE_FORM_H

#include "judge/judge.h"

/* The bytes before a part, which say how long it is; and the longest that is believed. */
enum { EVIDENCE_LENGTH_BYTES = 4, EVIDENCE_PART_BYTES = 1 << 28 };

/* Flags of an image (KEPT_POINTS: of its objects, numbers of a task are kept), and of an evidence.
 */
enum { KEPT_FAILED = 1, KEPT_SELF_TEST = 2, KEPT_UNLABELLED = 4, KEPT_POINTS = 8 };
enum { KEPT_JUDGED = 1, KEPT_REFINED = 2, KEPT_TASK = 4 };

/* The numbers that are kept of a label's evidence: those that rules and records have. */
enum { KEPT_REALS = 9 };
static inline float *kept_real(struct evidence *evidence, size_t i) {
    float *const reals[KEPT_REALS] = {
        &evidence->own,   &evidence->rival,  &evidence->contest,
        &evidence->near,  &evidence->margin, &evidence->shift,
        &evidence->ghost, &evidence->dup,    &evidence->location,
    };
    return reals[i];
}

#endif
