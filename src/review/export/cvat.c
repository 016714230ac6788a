/* CVAT for images 1.1: annotations.xml of one task, and labels.json, which makes the task's labels
 * with the attributes that the annotations have. */
#include "review/export/format.h"
#include "review/export/out_file.h"
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

static void box_write(struct text *text, const struct export_object *object) {
    static const char *const corners[] = {"xtl", "ytl", "xbr", "ybr"};
    text_string(text, "    <box");
    xml_attribute(text, "label", object->name);
    xml_attribute(text, "source", object->kind == OBJECT_LABEL ? "file" : "auto");
    text_string(text, " occluded=\"0\"");
    for (int i = 0; i < 4; i++) {
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
    text_string(text, "</attribute></box>\n");
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
        box_write(text, &image->objects->items[i]);
    text_string(text, "  </image>\n");
    return out_file_pass(&cvat->later);
}

static void label_xml(struct text *text, const char *name, bool first) {
    (void)first;
    text_string(text, "        <label><name>");
    xml_text(text, name);
    text_string(text, "</name><type>rectangle</type><attributes>");
    for (int i = 0; i < ATTRIBUTES; i++)
        text_format(text,
                    "<attribute><name>%s</name><mutable>False</mutable>"
                    "<input_type>text</input_type><default_value></default_value>"
                    "<values></values></attribute>",
                    attributes[i]);
    text_string(text, "</attributes></label>\n");
}

/* As the raw form of CVAT's label constructor has it. */
static void label_json(struct text *text, const char *name, bool first) {
    text_string(text, first ? "\n{\"name\": " : ",\n{\"name\": ");
    text_json_string(text, name);
    text_string(text, ", \"type\": \"rectangle\", \"attributes\": [");
    for (int i = 0; i < ATTRIBUTES; i++)
        text_format(text,
                    "%s{\"name\": \"%s\", \"mutable\": false, \"input_type\": \"text\", "
                    "\"default_value\": \"\", \"values\": [\"\"]}",
                    i ? ", " : "", attributes[i]);
    text_string(text, "]}");
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
    TRY(class_list_write(&target->classes, label_xml, text));
    text_string(text, "      </labels>\n    </task>\n  </meta>\n");
    TRY(out_file_join(&cvat->file, &cvat->later));
    text_string(text, "</annotations>\n");
    TRY(out_file_end(&cvat->file));
    TRY(out_file_remove(&cvat->later));
    text_string(&labels, "[");
    TRY(class_list_write(&target->classes, label_json, &labels));
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
