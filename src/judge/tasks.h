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
    const struct keypoint_rules *keypoints;
    struct outlining *outlining; /* the thread's */
};

/* Compares them: sets agreement and error of `evidence` and adds the network's own numbers to
 * findings->numbers (findings_add_number). Leaves `evidence` zeroed where the label does not say
 * what the task is about. */
typedef enum status task_judge(const struct task_subject *subject, struct findings *findings,
                               struct task_evidence *evidence);
task_judge task_segment_judge, task_obb_judge, task_pose_judge;

/* Adds the network's own numbers of an anchor; none where they are no numbers. */
typedef enum status task_describe(const struct anchors *anchors, uint32_t anchor,
                                  struct findings *findings);
task_describe task_obb_describe;

/* Does so for each label that has an anchor, by the task of its network. */
enum status tasks_judge(const struct judge *judge, struct judge_scratch *scratch,
                        const struct target *targets, struct findings *findings);

/* Adds the network's own numbers of each missing object that is surely enough one to be kept. */
enum status tasks_describe(const struct judge_scratch *scratch, struct findings *findings);

/* Appends one of the network's own numbers. */
enum status findings_add_number(struct findings *findings, float number);

#endif
