/* Which task judges what. */
#include "judge/tasks.h"

#include "base/memory.h"

static task_judge *const judges[TASK_COUNT] = {
    [TASK_SEGMENT] = task_segment_judge,
    [TASK_OBB] = task_obb_judge,
    [TASK_POSE] = task_pose_judge,
};
static task_describe *const describes[TASK_COUNT] = {
    [TASK_OBB] = task_obb_describe,
};

enum status findings_add_number(struct findings *findings, float number) {
    enum status status;
    TRY(memory_reserve(&findings->numbers, &findings->number_capacity, findings->n_numbers + 1,
                       sizeof *findings->numbers));
    findings->numbers[findings->n_numbers++] = number;
out:
    return status;
}

enum status tasks_judge(const struct judge *judge, struct judge_scratch *scratch,
                        const struct target *targets, struct findings *findings) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < findings->n_evidence; i++) {
        struct evidence *evidence = &findings->evidence[i];
        if (!evidence->has_refined || targets[i].n_points == 0)
            continue;
        const struct anchors *anchors =
            &scratch->anchors[anchors_view(scratch->anchors, evidence->anchor)];
        const struct head *head = anchors->head;
        if (!judges[head->task] || head->n_extras == 0)
            continue;
        const struct task_subject subject = {
            .anchors = anchors,
            .anchor = evidence->anchor,
            .box = anchors_box(scratch->anchors, evidence->anchor),
            .outlining = &scratch->outlining,
            .target = &targets[i],
            .keypoints = &judge->keypoints,
        };
        evidence->task.first = findings->n_numbers;
        TRY(judges[head->task](&subject, findings, &evidence->task));
        evidence->task.count = findings->n_numbers - evidence->task.first;
        if (evidence->task.count > 0)
            evidence->task.task = head->task;
    }
out:
    return status;
}

enum status tasks_describe(const struct judge_scratch *scratch, struct findings *findings) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < findings->missing.count; i++) {
        struct detection *object = &findings->missing.items[i];
        const struct anchors *anchors =
            &scratch->anchors[anchors_view(scratch->anchors, object->anchor)];
        const struct head *head = anchors->head;
        if (!describes[head->task] || head->n_extras == 0 || object->certainty < MISSING_FLOOR)
            continue;
        object->first = findings->n_numbers;
        TRY(describes[head->task](anchors, object->anchor, findings));
        object->count = findings->n_numbers - object->first;
    }
out:
    return status;
}
