/* Label Studio: tasks.json with two predictions a task, the labels as they are and as they would
 * be, and label_config.xml, which has the same names. */
#include <string.h>

#include "output/fields.h"
#include "review/export/format.h"
#include "review/export/out_file.h"
#include "review/export/points.h"
#include "review/export/xml.h"

extern const struct export_format export_label_studio; /* a row of formats.c */

struct label_studio {
    struct out_file tasks;
    uint64_t n_tasks;
    struct text words; /* of one region */
};

enum { PERCENT_DECIMALS = 6, SCORE_DIGITS = 6 };

#define FROM_NAME "label"
#define OUTLINES  "outline" /* where labels are outlines */
#define TO_NAME   "image"

static enum status begin(struct export_target *target, void *state) {
    struct label_studio *studio = state;
    text_string(&studio->tasks.text, "[");
    return export_file_open(target, "tasks.json", &studio->tasks);
}

/* As part of a URL's query: '/' stays. */
static void url_text(struct text *text, const char *string) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    for (; *string; string++) {
        if (strchr(plain, *string))
            text_bytes(text, string, 1);
        else
            text_format(text, "%%%02X", (unsigned char)*string);
    }
}

/* What a region shows, by the label or by what is suggested for it. */
struct region {
    const struct record *record;
    const struct object_list *objects;
    const struct export_object *object;
    const double *corners;               /* of its box */
    const struct export_points *outline; /* in place of the box; NULL: none */
    const char *name;                    /* of its class */
};

static struct region region_of(const struct export_image *image, const struct export_object *object,
                               bool suggested) {
    bool moved =
        suggested && (object->suggestion == SUGGEST_BOX || object->suggestion == SUGGEST_POINTS);
    bool renamed = suggested && object->suggestion == SUGGEST_CLASS;
    const struct export_points *points =
        moved && object->refined_points.count ? &object->refined_points : &object->points;
    return (struct region){
        .record = image->record,
        .objects = image->objects,
        .object = object,
        .corners = moved && object->has_refined ? object->refined : object->corners,
        .outline = points->count > 0 && !points->keypoints ? points : NULL,
        .name = renamed ? object->suggested_name : object->name,
    };
}

static void outline_write(struct text *text, const struct region *region) {
    const struct export_points *outline = region->outline;
    const double *numbers = region->objects->numbers + outline->first;
    field_key(text, "points");
    for (size_t i = 0; i < outline->count; i += 2) {
        text_string(text, i ? ", [" : "[[");
        text_json_number(text, 100 * numbers[i] / region->record->width, PERCENT_DECIMALS);
        text_string(text, ", ");
        text_json_number(text, 100 * numbers[i + 1] / region->record->height, PERCENT_DECIMALS);
        text_string(text, "]");
    }
    text_string(text, "]");
    field_key(text, "closed");
    text_string(text, "true");
}

static void rectangle_write(struct text *text, const struct region *region) {
    static const char *const keys[] = {"x", "y", "width", "height"};
    const double sizes[] = {region->record->width, region->record->height};
    const double *corners = region->corners;
    for (int i = 0; i < 4; i++)
        field_number(text, keys[i],
                     100 * (i < 2 ? corners[i] : corners[i] - corners[i - 2]) / sizes[i % 2],
                     PERCENT_DECIMALS);
    field_count(text, "rotation", 0);
}

static void region_write(struct label_studio *studio, const struct region *region) {
    struct text *text = &studio->tasks.text;
    const char *type = region->outline ? "polygonlabels" : "rectanglelabels";
    field_next(text);
    text_string(text, "\n    {");
    field_string(text, "from_name", region->outline ? OUTLINES : FROM_NAME);
    field_string(text, "to_name", TO_NAME);
    field_string(text, "type", type);
    field_count(text, "original_width", region->record->width);
    field_count(text, "original_height", region->record->height);
    field_count(text, "image_rotation", 0);
    field_key(text, "value");
    text_string(text, "{");
    if (region->outline)
        outline_write(text, region);
    else
        rectangle_write(text, region);
    field_key(text, type);
    text_string(text, "[");
    text_json_string(text, region->name);
    text_string(text, "]}");
    field_significant(text, "score", region->object->score, SCORE_DIGITS);
    text_clear(&studio->words);
    object_words(region->object, &studio->words);
    if (studio->words.length) {
        field_key(text, "meta");
        text_string(text, "{\"text\": [");
        text_json_string(text, studio->words.data);
        text_string(text, "]}");
    }
}

static void region_end(struct text *text, const struct export_object *object, size_t number) {
    field_key(text, "id");
    text_format(text, "\"%s%zu\"}", object->kind == OBJECT_MISSING ? "missing" : "label", number);
}

static void prediction_write(struct label_studio *studio, const struct export_image *image,
                             bool suggested) {
    struct text *text = &studio->tasks.text;
    const struct object_list *objects = image->objects;
    field_next(text);
    text_string(text, "{");
    field_string(text, "model_version", suggested ? "suggested" : "labels");
    field_significant(text, "score", image->record->score, SCORE_DIGITS);
    field_key(text, "result");
    text_string(text, "[");
    for (size_t i = 0; i < objects->count; i++) {
        const struct export_object *object = &objects->items[i];
        bool shown =
            suggested ? object->suggestion != SUGGEST_DELETE : object->kind == OBJECT_LABEL;
        if (!shown || object->kind == OBJECT_REFINED)
            continue;
        const struct region region = region_of(image, object, suggested);
        region_write(studio, &region);
        region_end(text, object, i);
    }
    text_string(text, "]}");
}

/* Each once: "class, missing". */
static void reasons_write(struct text *text, const struct object_list *objects) {
    bool said[REASON_COUNT] = {false}, missing = false, any = false;
    field_key(text, "reasons");
    text_string(text, "\"");
    for (size_t i = 0; i < objects->count; i++) {
        const struct export_object *object = &objects->items[i];
        bool *again = object->kind == OBJECT_MISSING ? &missing : &said[object->cause];
        if (object->reason && object->kind != OBJECT_REFINED && !*again) {
            text_format(text, "%s%s", any ? ", " : "", object->reason);
            *again = any = true;
        }
    }
    text_string(text, "\"");
}

static enum status image(struct export_target *target, void *state,
                         const struct export_image *image) {
    (void)target;
    struct label_studio *studio = state;
    struct text *text = &studio->tasks.text;
    const struct record *record = image->record;
    text_string(text, studio->n_tasks++ ? ",\n{" : "\n{");
    field_key(text, "data");
    text_string(text, "{\"image\": \"/data/local-files/?d=" EXPORT_IMAGES "/");
    url_text(text, image->name);
    text_string(text, "\"");
    field_string(text, "name", record->image);
    field_significant(text, "score", record->score, SCORE_DIGITS);
    reasons_write(text, image->objects);
    field_string(text, "split", record->split ? record->split : "");
    text_string(text, "}");
    field_key(text, "predictions");
    text_string(text, "[");
    prediction_write(studio, image, true);
    prediction_write(studio, image, false);
    text_string(text, "]}");
    return out_file_pass(&studio->tasks);
}

static void label_xml(struct text *text, const char *name, bool first) {
    (void)first;
    text_string(text, "    <Label");
    xml_attribute(text, "value", name);
    text_string(text, "/>\n");
}

static enum status end(struct export_target *target, void *state) {
    enum status status;
    struct label_studio *studio = state;
    struct text config = {0};
    text_string(&studio->tasks.text, "]\n");
    TRY(out_file_end(&studio->tasks));
    text_string(&config, "<View>\n  <Header value=\"$reasons\"/>\n  <Image name=\"" TO_NAME
                         "\" value=\"$image\" zoom=\"true\" zoomControl=\"true\"/>\n"
                         "  <RectangleLabels name=\"" FROM_NAME "\" toName=\"" TO_NAME "\">\n");
    TRY(class_list_write(&target->classes, label_xml, &config));
    text_string(&config, "  </RectangleLabels>\n");
    if (target->results->outlined) {
        text_string(&config, "  <PolygonLabels name=\"" OUTLINES "\" toName=\"" TO_NAME "\">\n");
        TRY(class_list_write(&target->classes, label_xml, &config));
        text_string(&config, "  </PolygonLabels>\n");
    }
    text_string(&config, "</View>\n");
    TRY(export_file_write(target, "label_config.xml", &config));
out:
    text_free(&config);
    return status;
}

static void label_studio_free(void *state) {
    struct label_studio *studio = state;
    out_file_free(&studio->tasks);
    text_free(&studio->words);
}

const struct export_format export_label_studio = {
    .name = "label-studio",
    .state_size = sizeof(struct label_studio),
    .begin = begin,
    .image = image,
    .end = end,
    .free = label_studio_free,
};
