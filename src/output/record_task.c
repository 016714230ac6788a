/* The fields of each task. */
#include "output/record_task.h"

#include "data/label.h"
#include "output/fields.h"

static const struct {
    const char *agreement, *error;
} fields[TASK_COUNT] = {
    [TASK_SEGMENT] = {"outline", "edge"},
    [TASK_OBB] = {"rotated_iou", "angle"},
    [TASK_POSE] = {"oks", "point_error"},
};

/* `values` numbers a point. */
static void points_write(struct text *text, const char *key, const struct image_result *result,
                         size_t first, size_t count, size_t values) {
    const double size[] = {result->width, result->height, 1};
    field_key(text, key);
    for (size_t i = 0; i < count; i++) {
        text_string(text, i ? ", " : "[");
        text_json_number(text, (double)result->numbers[first + i] / size[i % values], BOX_DECIMALS);
    }
    text_string(text, "]");
}

static void pose_write(struct text *text, const struct pose_evidence *pose) {
    if (pose->point >= 0) {
        field_count(text, "point", (uint64_t)pose->point);
    } else {
        field_key(text, "point");
        text_string(text, "null");
    }
    field_key(text, "swapped");
    text_string(text, pose->swapped ? "true" : "false");
    field_count(text, "absent", pose->absent);
    field_count(text, "invented", pose->invented);
}

void record_task_write(struct text *text, const struct image_result *result,
                       const struct task_evidence *evidence) {
    size_t values = evidence->task == TASK_POSE ? evidence->pose.values : 2;
    if (!fields[evidence->task].agreement)
        return;
    field_number(text, fields[evidence->task].agreement, evidence->agreement, RECORD_DECIMALS);
    field_number(text, fields[evidence->task].error, evidence->error, RECORD_DECIMALS);
    if (evidence->task == TASK_POSE)
        pose_write(text, &evidence->pose);
    points_write(text, "refined_points", result, evidence->first, evidence->count, values);
}

void record_points_write(struct text *text, const struct image_result *result,
                         const struct detection *missing) {
    if (missing->count > 0)
        points_write(text, "points", result, missing->first, missing->count, 2);
}
