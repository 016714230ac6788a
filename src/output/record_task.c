/* The fields of each task. */
#include "output/record_task.h"

#include "data/label.h"
#include "output/fields.h"

static const struct {
    const char *agreement, *error;
} fields[TASK_COUNT] = {
    [TASK_SEGMENT] = {"outline", "edge"},
    [TASK_OBB] = {"rotated_iou", "angle"},
};

void record_task_write(struct text *text, const struct image_result *result,
                       const struct task_evidence *evidence) {
    const double size[] = {result->width, result->height};
    if (!fields[evidence->task].agreement)
        return;
    field_number(text, fields[evidence->task].agreement, evidence->agreement, RECORD_DECIMALS);
    field_number(text, fields[evidence->task].error, evidence->error, RECORD_DECIMALS);
    field_key(text, "refined_points");
    for (size_t i = 0; i < evidence->count; i++) {
        text_string(text, i ? ", " : "[");
        text_json_number(text, (double)result->numbers[evidence->first + i] / size[i % 2],
                         BOX_DECIMALS);
    }
    text_string(text, "]");
}
