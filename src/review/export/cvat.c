/* CVAT for images 1.1: annotations.xml of one task, and labels.json, which makes the task's labels
 * with the attributes that the annotations have. */
#include "review/export/format.h"
#include "review/export/out_file.h"
#include "review/export/points.h"
#include "review/export/xml.h"

extern const struct export_format export_cvat; /* a row of formats.c */

/* CVAT's meta data stand before its images and name all labels, of which some are known only
 * behind the last image: images are collected beside the file. */
#define LATER "images.part"

struct cvat {
    struct out_file file, later;
    uint64_t n_images;
};

enum { PIXEL_DECIMALS = 4, SCORE_DIGITS = 6 };

/* Which shapes a label may have. */
#define BOXES "rectangle"
#define ANY   "any"

static const char *const attributes[] = {"reason", "suggested", "score"};
enum { ATTRIBUTES = sizeof attributes / sizeof *attributes };

static enum status begin(struct export_target *target, void *state) {
    enum status status;
    struct cvat *cvat = state;
    TRY(export_file_open(target, "annotations.xml", &cvat->file));
    TRY(export_file_open(target, LATER, &cvat->later));
out:
    return status;
}

static void attribute_begin(struct text *text, int attribute) {
    text_format(text, "<attribute name=\"%s\">", attributes[attribute]);
}

static void shape_write(struct text *text, const struct object_list *list,
                        const struct export_object *object) {
    static const char *const corners[] = {"xtl", "ytl", "xbr", "ybr"};
    static const char *const marks[] = {"", ",", "", ";"};
    const struct export_points *outline = object_outline(object);
    text_format(text, "    <%s", outline ? "polygon" : "box");
    xml_attribute(text, "label", object->name);
    xml_attribute(text, "source", object->kind == OBJECT_LABEL ? "file" : "auto");
    text_string(text, " occluded=\"0\"");
    if (outline) {
        text_string(text, " points=\"");
        object_outline_write(list, outline, marks, PIXEL_DECIMALS, text);
        text_string(text, "\"");
    }
    for (int i = 0; !outline && i < 4; i++) {
        text_format(text, " %s=\"", corners[i]);
        text_json_number(text, object->corners[i], PIXEL_DECIMALS);
        text_string(text, "\"");
    }
    text_string(text, " z_order=\"0\">");
    attribute_begin(text, 0);
    xml_text(text, object->reason ? object->reason : "");
    text_string(text, "</attribute>");
    attribute_begin(text, 1);
    xml_text(text, object->suggested >= 0 ? object->suggested_name : "");
    text_string(text, "</attribute>");
    attribute_begin(text, 2);
    text_json_significant(text, object->score, SCORE_DIGITS);
    text_format(text, "</attribute></%s>\n", outline ? "polygon" : "box");
}

static enum status image(struct export_target *target, void *state,
                         const struct export_image *image) {
    (void)target;
    struct cvat *cvat = state;
    struct text *text = &cvat->later.text;
    text_string(text, "  <image id=\"");
    text_count(text, cvat->n_images++);
    text_string(text, "\"");
    xml_attribute(text, "name", image->name);
    text_format(text, " width=\"%u\" height=\"%u\">\n", image->record->width,
                image->record->height);
    for (size_t i = 0; i < image->objects->count; i++)
        shape_write(text, image->objects, &image->objects->items[i]);
    text_string(text, "  </image>\n");
    return out_file_pass(&cvat->later);
}

static void label_xml_of(struct text *text, const char *name, const char *type) {
    text_string(text, "        <label><name>");
    xml_text(text, name);
    text_format(text, "</name><type>%s</type><attributes>", type);
    for (int i = 0; i < ATTRIBUTES; i++)
        text_format(text,
                    "<attribute><name>%s</name><mutable>False</mutable>"
                    "<input_type>text</input_type><default_value></default_value>"
                    "<values></values></attribute>",
                    attributes[i]);
    text_string(text, "</attributes></label>\n");
}

static void label_xml(struct text *text, const char *name, bool first) {
    (void)first;
    label_xml_of(text, name, BOXES);
}

static void label_xml_any(struct text *text, const char *name, bool first) {
    (void)first;
    label_xml_of(text, name, ANY);
}

/* As the raw form of CVAT's label constructor has it. */
static void label_json_of(struct text *text, const char *name, bool first, const char *type) {
    text_string(text, first ? "\n{\"name\": " : ",\n{\"name\": ");
    text_json_string(text, name);
    text_format(text, ", \"type\": \"%s\", \"attributes\": [", type);
    for (int i = 0; i < ATTRIBUTES; i++)
        text_format(text,
                    "%s{\"name\": \"%s\", \"mutable\": false, \"input_type\": \"text\", "
                    "\"default_value\": \"\", \"values\": [\"\"]}",
                    i ? ", " : "", attributes[i]);
    text_string(text, "]}");
}

static void label_json(struct text *text, const char *name, bool first) {
    label_json_of(text, name, first, BOXES);
}

static void label_json_any(struct text *text, const char *name, bool first) {
    label_json_of(text, name, first, ANY);
}

static enum status end(struct export_target *target, void *state) {
    enum status status;
    struct cvat *cvat = state;
    struct text *text = &cvat->file.text, labels = {0};
    TRY(out_file_end(&cvat->later));
    text_format(text,
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n"
                "  <version>1.1</version>\n  <meta>\n    <task>\n      <name>verify</name>\n"
                "      <size>%llu</size>\n      <mode>annotation</mode>\n      <labels>\n",
                (unsigned long long)cvat->n_images);
    bool outlined = target->results->outlined;
    TRY(class_list_write(&target->classes, outlined ? label_xml_any : label_xml, text));
    text_string(text, "      </labels>\n    </task>\n  </meta>\n");
    TRY(out_file_join(&cvat->file, &cvat->later));
    text_string(text, "</annotations>\n");
    TRY(out_file_end(&cvat->file));
    TRY(out_file_remove(&cvat->later));
    text_string(&labels, "[");
    TRY(class_list_write(&target->classes, outlined ? label_json_any : label_json, &labels));
    text_string(&labels, "]\n");
    TRY(export_file_write(target, "labels.json", &labels));
out:
    text_free(&labels);
    return status;
}

static void cvat_free(void *state) {
    struct cvat *cvat = state;
    out_file_free(&cvat->file);
    out_file_free(&cvat->later);
}

const struct export_format export_cvat = {
    .name = "cvat",
    .state_size = sizeof(struct cvat),
    .begin = begin,
    .image = image,
    .end = end,
    .free = cvat_free,
};
