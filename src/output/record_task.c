/* The fields of each task. */
#include "output/record_task.h"

#include "data/label.h"
#include "output/fields.h"

static const struct {
    const char *agreement, *error;
} fields[TASK_COUNT] = {
    [TASK_OBB] = {"rotated_iou", "angle"},
};

static void points_write(struct text *text, const char *key, const struct image_result *result,
                         size_t first, size_t count) {
    const double size[] = {result->width, result->height};
    field_key(text, key);
    for (size_t i = 0; i < count; i++) {
        text_string(text, i ? ", " : "[");
        text_json_number(text, (double)result->numbers[first + i] / size[i % 2], BOX_DECIMALS);
    }
    text_string(text, "]");
}

void record_task_write(struct text *text, const struct image_result *result,
                       const struct task_evidence *evidence) {
    if (!fields[evidence->task].agreement)
        return;
    field_number(text, fields[evidence->task].agreement, evidence->agreement, RECORD_DECIMALS);
    field_number(text, fields[evidence->task].error, evidence->error, RECORD_DECIMALS);
    points_write(text, "refined_points", result, evidence->first, evidence->count);
}

void record_points_write(struct text *text, const struct image_result *result,
                         const struct detection *missing) {
    if (missing->count > 0)
        points_write(text, "points", result, missing->first, missing->count);
}
