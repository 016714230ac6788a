/* What labels say beside box and class, compared with what the network says: a row a task. */
#ifndef VERIFY_JUDGE_TASKS_H
#define VERIFY_JUDGE_TASKS_H

#include "judge/scratch.h"

/* A label, and the anchor that speaks most for it. */
struct task_subject {
    const struct anchors *anchors; /* the view that the anchor is of */
    uint32_t anchor;
    struct box box; /* the anchor's, in picture pixels */
    const struct target *target;
    struct outlining *outlining; /* the thread's */
};

/* Compares them: sets agreement and error of `evidence` and adds the network's own numbers to
 * findings->numbers (findings_add_number). Leaves `evidence` zeroed where the label does not say
 * what the task is about. */
typedef enum status task_judge(const struct task_subject *subject, struct findings *findings,
                               struct task_evidence *evidence);
task_judge task_segment_judge, task_obb_judge;

/* Does so for each label that has an anchor, by the task of its network. */
enum status tasks_judge(struct judge_scratch *scratch, const struct target *targets,
                        struct findings *findings);

/* Appends one of the network's own numbers. */
enum status findings_add_number(struct findings *findings, float number);

#endif
