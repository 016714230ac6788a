/* The head's maps in a plan. */
#ifndef VERIFY_CPU_HEAD_H
#define VERIFY_CPU_HEAD_H

#include "cpu/compile/plan.h"
#include "judge/judge.h"

/* A level's tensors with boxes, scores (where heads have them beside the boxes: the same) and,
 * where there are any, extras. Returns how many. */
enum { HEAD_MAPS = 3 };
size_t plan_head(const struct head *head, size_t level, int tensors[HEAD_MAPS]);
/* Appends what brings the head's tensors into the layouts in which the judge reads them, and keeps
 * them to the end. STATUS_BAD_INPUT where one is no map. */
enum status plan_keep_head(struct plan *plan);
/* The head's maps after a run. */
void plan_maps(const struct plan *plan, struct head_maps *maps);

#endif
