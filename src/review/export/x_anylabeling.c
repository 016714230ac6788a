/* X-AnyLabeling: a JSON file an image, beside the link to it, and classes.txt. */
#include <string.h>

#include "output/fields.h"
#include "review/export/format.h"
#include "review/export/links.h"
#include "review/export/out_file.h"
#include "review/export/points.h"

extern const struct export_format export_x_anylabeling; /* a row of formats.c */

/* The version of X-AnyLabeling whose form this is. */
#define FORM_VERSION  "4.2.1"
#define LABELS_SUFFIX ".json"

struct labels {
    struct text beside, name, words; /* of one image and shape */
};

enum { PIXEL_DECIMALS = 4, SCORE_DIGITS = 6 };

/* Those of its outline or, of a box, four corners from the upper left one clockwise. */
static void points_write(struct text *text, const struct object_list *list,
                         const struct export_object *object) {
    static const int xs[] = {0, 2, 2, 0}, ys[] = {1, 1, 3, 3};
    static const char *const marks[] = {"[", ", ", "]", ", "};
    const struct export_points *outline = object_outline(object);
    const double *corners = object->corners;
    field_key(text, "points");
    text_string(text, "[");
    if (outline)
        object_outline_write(list, outline, marks, PIXEL_DECIMALS, text);
    for (int i = 0; !outline && i < 4; i++) {
        text_string(text, i ? ", [" : "[");
        text_json_number(text, corners[xs[i]], PIXEL_DECIMALS);
        text_string(text, ", ");
        text_json_number(text, corners[ys[i]], PIXEL_DECIMALS);
        text_string(text, "]");
    }
    text_string(text, "]");
}

static void attributes_write(struct text *text, const struct export_object *object) {
    field_key(text, "attributes");
    text_string(text, "{");
    if (object->reason) {
        field_string(text, "reason", object->reason);
        field_string(text, "suggested", object->suggested >= 0 ? object->suggested_name : "");
    }
    text_string(text, "}");
}

static void shape_write(struct text *text, const struct object_list *list,
                        const struct export_object *object, struct text *words) {
    text_clear(words);
    object_words(object, words);
    text_string(text, "    {");
    field_string(text, "label", object->name);
    field_significant(text, "score", object->score, SCORE_DIGITS);
    points_write(text, list, object);
    field_string(text, "group_id", NULL);
    field_string(text, "description", words->length ? words->data : "");
    text_format(text, ", \"difficult\": false, \"shape_type\": \"%s\", \"flags\": {}",
                object_outline(object) ? "polygon" : "rectangle");
    attributes_write(text, object);
    text_string(text, ", \"kie_linking\": []}");
    text->failed |= words->failed;
}

static enum status image(struct export_target *target, void *state,
                         const struct export_image *image) {
    enum status status;
    struct labels *labels = state;
    struct out_file file = {0};
    struct text *text = &file.text;
    const char *slash = strrchr(image->name, '/');
    TRY(export_beside(image->name, LABELS_SUFFIX, &labels->beside));
    text_clear(&labels->name);
    text_format(&labels->name, EXPORT_IMAGES "/%s", labels->beside.data);
    TRY(text_status(&labels->name));
    TRY(export_file_open(target, labels->name.data, &file));
    text_string(text, "{\n  \"version\": \"" FORM_VERSION "\",\n  \"flags\": {},\n"
                      "  \"checked\": false,\n  \"shapes\": [\n");
    for (size_t i = 0; i < image->objects->count; i++) {
        text_string(text, i ? ",\n" : "");
        shape_write(text, image->objects, &image->objects->items[i], &labels->words);
    }
    text_string(text, "\n  ],\n  \"imagePath\": ");
    text_json_string(text, slash ? slash + 1 : image->name);
    text_format(text,
                ",\n  \"imageData\": null,\n  \"imageHeight\": %u,\n  \"imageWidth\": %u,\n"
                "  \"description\": \"\"\n}\n",
                image->record->height, image->record->width);
    TRY(out_file_end(&file));
out:
    out_file_free(&file);
    return status;
}

static enum status begin(struct export_target *target, void *state) {
    (void)target;
    (void)state;
    return STATUS_OK;
}

/* In the order of their numbers, as turning the files into YOLO's labels needs it. */
static enum status end(struct export_target *target, void *state) {
    (void)state;
    struct text text = {0};
    for (size_t i = 0; i < target->classes.n_names; i++) {
        const char *name = target->classes.names[i];
        text_bytes(&text, name, strcspn(name, "\r\n"));
        text_string(&text, "\n");
    }
    enum status status = export_file_write(target, "classes.txt", &text);
    text_free(&text);
    return status;
}

static void labels_free(void *state) {
    struct labels *labels = state;
    text_free(&labels->beside);
    text_free(&labels->name);
    text_free(&labels->words);
}

const struct export_format export_x_anylabeling = {
    .name = "x-anylabeling",
    .state_size = sizeof(struct labels),
    .beside = LABELS_SUFFIX,
    .begin = begin,
    .image = image,
    .end = end,
    .free = labels_free,
};
