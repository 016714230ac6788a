/* One COCO annotation file; findings are said by further fields of its annotations. */
#include "output/fields.h"
#include "review/export/format.h"
#include "review/export/out_file.h"
#include "review/export/points.h"

extern const struct export_format export_coco; /* a row of formats.c */

/* Images come first in the file, and annotations are collected beside it. */
#define LATER "annotations.part"

struct coco {
    struct out_file file, later;
    uint64_t n_images, n_annotations;
};

enum { PIXEL_DECIMALS = 4, SCORE_DIGITS = 6 };

static enum status begin(struct export_target *target, void *state) {
    enum status status;
    struct coco *coco = state;
    TRY(export_file_open(target, "annotations.json", &coco->file));
    TRY(export_file_open(target, LATER, &coco->later));
    text_string(&coco->file.text,
                "{\"info\": {\"description\": \"labels and what verify finds of them\"},\n"
                "\"licenses\": [],\n\"images\": [");
out:
    return status;
}

/* [x, y, width, height], of corners. */
static void field_bbox(struct text *text, const char *key, const double corners[4]) {
    field_key(text, key);
    text_string(text, "[");
    for (int i = 0; i < 4; i++) {
        text_string(text, i ? ", " : "");
        text_json_number(text, i < 2 ? corners[i] : corners[i] - corners[i - 2], PIXEL_DECIMALS);
    }
    text_string(text, "]");
}

/* Ids begin at 1: 0 is often taken for the background. */
static void field_category(struct text *text, const char *key, int64_t class) {
    if (class >= 0)
        field_count(text, key, (uint64_t) class + 1);
    else {
        field_key(text, key);
        text_string(text, "null");
    }
}

/* `segmentation` or `keypoints`, with what stands before the name; nothing where there are none. */
static void field_points(struct text *text, const char *before, const struct object_list *list,
                         const struct export_points *points) {
    if (points->count == 0)
        return;
    field_next(text);
    text_format(text, "\"%s%s\": %s", before, points->keypoints ? "keypoints" : "segmentation",
                points->keypoints ? "[" : "[[");
    object_points_write(list, points, PIXEL_DECIMALS, text);
    text_string(text, points->keypoints ? "]" : "]]");
    if (points->keypoints && *before == '\0')
        field_count(text, "num_keypoints", object_points_shown(list, points));
}

static void annotation_write(struct coco *coco, const struct object_list *list,
                             const struct export_object *object) {
    struct text *text = &coco->later.text;
    const double *corners = object->corners;
    text_string(text, coco->n_annotations++ ? ",\n{" : "\n{");
    field_count(text, "id", coco->n_annotations);
    field_count(text, "image_id", coco->n_images);
    field_category(text, "category_id", object->class);
    field_bbox(text, "bbox", corners);
    field_key(text, "area");
    text_json_number(text, (corners[2] - corners[0]) * (corners[3] - corners[1]), PIXEL_DECIMALS);
    field_count(text, "iscrowd", 0);
    field_string(text, "source", object->kind == OBJECT_LABEL ? "label" : "model");
    field_count(text, "line", object->line);
    field_string(text, "verdict", object->verdict);
    field_string(text, "reason", object->reason);
    field_significant(text, "score", object->score, SCORE_DIGITS);
    field_category(text, "suggested_category_id", object->suggested);
    if (object->has_refined)
        field_bbox(text, "suggested_bbox", object->refined);
    else
        field_string(text, "suggested_bbox", NULL);
    field_points(text, "", list, &object->points);
    field_points(text, "suggested_", list, &object->refined_points);
    text_string(text, "}");
}

static enum status image(struct export_target *target, void *state,
                         const struct export_image *image) {
    (void)target;
    enum status status;
    struct coco *coco = state;
    struct text *text = &coco->file.text;
    const struct record *record = image->record;
    text_string(text, coco->n_images++ ? ",\n{" : "\n{");
    field_count(text, "id", coco->n_images);
    field_string(text, "file_name", image->name);
    field_count(text, "width", record->width);
    field_count(text, "height", record->height);
    field_significant(text, "score", record->score, SCORE_DIGITS);
    field_string(text, "split", record->split);
    text_string(text, "}");
    for (size_t i = 0; i < image->objects->count; i++)
        if (image->objects->items[i].kind != OBJECT_REFINED) /* suggested_bbox of its label */
            annotation_write(coco, image->objects, &image->objects->items[i]);
    TRY(out_file_pass(&coco->file));
    TRY(out_file_pass(&coco->later));
out:
    return status;
}

static enum status end(struct export_target *target, void *state) {
    enum status status;
    struct coco *coco = state;
    struct text *text = &coco->file.text;
    const struct class_list *classes = &target->classes;
    TRY(out_file_end(&coco->later));
    text_string(text, "],\n\"annotations\": [");
    TRY(out_file_join(&coco->file, &coco->later));
    text_string(text, "],\n\"categories\": [");
    for (size_t i = 0; i < class_list_count(classes); i++) {
        text_string(text, i ? ",\n{" : "\n{");
        field_category(text, "id", class_list_number(classes, i));
        field_string(text, "name", class_list_name(classes, i));
        text_string(text, "}");
    }
    text_string(text, "]}\n");
    TRY(out_file_end(&coco->file));
    TRY(out_file_remove(&coco->later));
out:
    return status;
}

static void coco_free(void *state) {
    struct coco *coco = state;
    out_file_free(&coco->file);
    out_file_free(&coco->later);
}

const struct export_format export_coco = {
    .name = "coco",
    .state_size = sizeof(struct coco),
    .begin = begin,
    .image = image,
    .end = end,
    .free = coco_free,
};
