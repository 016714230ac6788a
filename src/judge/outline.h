/* What comparing outlines needs; a judging thread reuses it from label to label. */
#ifndef VERIFY_JUDGE_OUTLINE_H
#define VERIFY_JUDGE_OUTLINE_H

#include "judge/contour.h"
#include "judge/region.h"
#include "judge/simplify.h"

struct outlining {
    struct mask mask;
    struct contours contours;
    struct crossings crossings[2];
    struct simplifier simplifier;
};
void outlining_free(struct outlining *outlining);

#endif
