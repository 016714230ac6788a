/* The head's maps in a plan. */
#ifndef VERIFY_CPU_HEAD_H
#define VERIFY_CPU_HEAD_H

#include "cpu/compile/plan.h"
#include "judge/judge.h"

/* A level's tensor with the scores, where heads that have them beside the boxes name it once. */
int plan_scores(const struct head *head, size_t level);
/* Appends what brings the head's tensors into the layouts in which the judge reads them, and keeps
 * them to the end. STATUS_BAD_INPUT where one is no map. */
enum status plan_keep_head(struct plan *plan);
/* The head's maps after a run. */
void plan_maps(const struct plan *plan, struct head_maps *maps);

#endif
