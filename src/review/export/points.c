/* Points of objects, in pixels. */
#include "review/export/points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/number.h"
#include "review/label_line.h"

enum { BOX_COLUMNS = LABEL_LINE_BOX, VISIBLE = 2 };

/* What is listed, and of whom. */
struct finder {
    const struct record *record;
    const struct page_label *label;
    const struct keypoint_shape *shape;
    struct object_list *list;
};

static enum status add_number(struct object_list *list, double value) {
    enum status status;
    TRY(memory_reserve(&list->numbers, &list->number_capacity, list->n_numbers + 1,
                       sizeof *list->numbers));
    list->numbers[list->n_numbers++] = value;
out:
    return status;
}

/* Adds so many numbers, fractions of the picture, `values` a point. */
static enum status add_points(const struct finder *finder, const double *numbers, size_t count,
                              size_t values, struct export_points *points) {
    enum status status = STATUS_OK;
    const double size[] = {finder->record->width, finder->record->height};
    if (values < 2 || values > 3 || count < values || count % values)
        return STATUS_OK;
    points->first = finder->list->n_numbers;
    for (size_t i = 0; i < count; i++) {
        size_t axis = i % values;
        TRY(add_number(finder->list, axis < 2 ? numbers[i] * size[axis] : numbers[i]));
    }
    points->count = count;
    points->values = values;
    points->keypoints = finder->shape->count > 0;
out:
    return status;
}

/* Those of the model. */
static enum status add_record(const struct finder *finder, struct record_points from,
                              struct export_points *points) {
    size_t n = finder->shape->count;
    return from.count == 0 ? STATUS_OK
                           : add_points(finder, finder->record->numbers + from.first, from.count,
                                        n ? from.count / n : 2, points);
}

/* Those of a label's line. */
static enum status add_line(const struct finder *finder, uint32_t number,
                            struct export_points *points) {
    enum status status = STATUS_OK;
    const char *line, *blanks = " \t\v\f";
    size_t length, n = 0, capacity = 0, columns = 0;
    double *numbers = NULL, value;
    bool pose = finder->shape->count > 0;
    if (!page_label_line(finder->label, number, &line, &length))
        return STATUS_OK;
    for (size_t at = 0, end; at < length; at = end) {
        while (at < length && strchr(blanks, line[at]))
            at++;
        for (end = at; end < length && !strchr(blanks, line[end]);)
            end++;
        if (end == at)
            break;
        if (columns++ < (pose ? BOX_COLUMNS : 1))
            continue;
        if (number_parse(line + at, end - at, &value) != NUMBER_FINITE)
            goto out;
        TRY(memory_reserve(&numbers, &capacity, n + 1, sizeof *numbers));
        numbers[n++] = value;
    }
    if (columns > LABEL_LINE_BOX_MOST)
        status = add_points(finder, numbers, n, pose ? finder->shape->values : 2, points);
out:
    free(numbers);
    return status;
}

enum status object_points_find(const struct record *record, const struct page_label *label,
                               const struct keypoint_shape *shape, struct object_list *list) {
    enum status status = STATUS_OK;
    const struct finder finder = {record, label, shape, list};
    size_t box = 0, missing = 0;
    list->n_numbers = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct export_object *object = &list->items[i];
        if (object->kind == OBJECT_LABEL) {
            TRY(add_line(&finder, object->line, &object->points));
            TRY(add_record(&finder, record->boxes[box++].refined_points, &object->refined_points));
        } else if (object->kind == OBJECT_REFINED) {
            object->points = list->items[i - 1].refined_points;
        } else {
            while (isnan(record->missing[missing].xywhn[0])) /* which are not listed */
                missing++;
            TRY(add_record(&finder, record->missing[missing++].points, &object->points));
        }
    }
out:
    return status;
}

size_t object_points_shown(const struct object_list *list, const struct export_points *points) {
    size_t shown = 0;
    for (size_t i = 0; i < points->count; i += points->values)
        shown += points->values < 3 || list->numbers[points->first + i + 2] > 0;
    return shown;
}

void object_points_write(const struct object_list *list, const struct export_points *points,
                         int decimals, struct text *text) {
    const double *numbers = list->numbers + points->first;
    for (size_t i = 0; i < points->count; i += points->values) {
        text_string(text, i ? ", " : "");
        text_json_number(text, numbers[i], decimals);
        text_string(text, ", ");
        text_json_number(text, numbers[i + 1], decimals);
        if (!points->keypoints)
            continue;
        double seen = points->values == 3 ? numbers[i + 2] : VISIBLE;
        bool whole = seen == floor(seen);
        text_format(text, ", %d", (int)(whole ? seen : seen >= 0.5 ? VISIBLE : 0));
    }
}

const struct export_points *object_outline(const struct export_object *object) {
    return object->points.count > 0 && !object->points.keypoints ? &object->points : NULL;
}

void object_outline_write(const struct object_list *list, const struct export_points *outline,
                          const char *const marks[4], int decimals, struct text *text) {
    const double *numbers = list->numbers + outline->first;
    for (size_t i = 0; i + 1 < outline->count; i += 2) {
        text_format(text, "%s%s", i ? marks[3] : "", marks[0]);
        text_json_number(text, numbers[i], decimals);
        text_string(text, marks[1]);
        text_json_number(text, numbers[i + 1], decimals);
        text_string(text, marks[2]);
    }
}
