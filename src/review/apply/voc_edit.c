/* Edits of Pascal VOC's annotations. */
#include "review/apply/voc_edit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/voc.h"
#include "data/xml_scan.h"
#include "review/apply/edit.h"
#include "review/export/xml.h"

enum { SIDE_DECIMALS = 2 };

struct editing {
    struct voc voc;
    struct edit_cursor cursor;
    const char *const *names;
    size_t n_names;
    struct decision *decisions; /* those with a line come first */
    size_t n_decisions;
    size_t used;
    struct edit_parts parts;
    struct text name;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ---------------------------------------------------------------- one object */

/* The object as it was judged; false: it was not. */
static bool read_label(struct editing *editing, size_t index, struct label *label) {
    const char *bytes = editing->cursor.bytes;
    const struct voc_object *object = &editing->voc.objects[index];
    xml_scan_text(bytes, object->name.begin, object->name.end, &editing->name);
    if (editing->name.failed)
        return false;
    size_t class = voc_class(editing->names, editing->n_names, editing->name.data);
    *label = (struct label){.line = (uint32_t)index + 1, .class = (uint32_t) class};
    return class < editing->n_names && !voc_box(bytes, &editing->voc, object, label->xywhn);
}

/* What has been appended to the parts' texts from `from` on stands in the place of a text, but for
 * the blanks around it. */
static void put_part(struct editing *editing, struct voc_span span, size_t from) {
    const char *bytes = editing->cursor.bytes;
    while (span.begin < span.end && is_blank(bytes[span.begin]))
        span.begin++;
    while (span.end > span.begin && is_blank(bytes[span.end - 1]))
        span.end--;
    edit_part(&editing->parts, span.begin, span.end, from);
}

/* Whether all sides are whole numbers, as pixels are counted. */
static bool is_whole(const char *bytes, const struct voc_object *object) {
    for (size_t i = 0; i < VOC_SIDES; i++)
        for (size_t at = object->sides[i].begin; at < object->sides[i].end; at++)
            if (bytes[at] == '.' || bytes[at] == 'e' || bytes[at] == 'E')
                return false;
    return true;
}

static void put_side(struct text *text, double value, bool whole) {
    if (whole)
        text_count(text, (uint64_t)fmax(round(value), 0));
    else
        text_json_number(text, value, SIDE_DECIMALS);
}

/* The inverse of voc_box. */
static void to_sides(const double size[2], const double xywhn[4], double sides[VOC_SIDES]) {
    for (size_t axis = 0; axis < 2; axis++) {
        double centre = xywhn[axis] * size[axis] + 1, half = xywhn[2 + axis] * size[axis] / 2;
        sides[axis] = centre - half;
        sides[VOC_XMAX + axis] = centre + half;
    }
}

static void change(struct editing *editing, const struct voc_object *object,
                   const struct label *label, const struct decided *decided) {
    struct text *texts = &editing->parts.texts;
    double size[2], sides[VOC_SIDES];
    size_t from = texts->length;
    if (decided->class && decided->class->class != label->class) {
        xml_text(texts, editing->names[decided->class->class]);
        put_part(editing, object->name, from);
        decided->class->done = true;
    }
    if (!decided->box || !voc_size(editing->cursor.bytes, &editing->voc, size))
        return;
    to_sides(size, decided->box->xywhn, sides);
    for (size_t i = 0; i < VOC_SIDES; i++) {
        from = texts->length;
        put_side(texts, sides[i], is_whole(editing->cursor.bytes, object));
        put_part(editing, object->sides[i], from);
    }
    decided->box->done = true;
}

/* An object goes with the lines that it has for itself. */
static enum status removal(struct editing *editing, const struct voc_object *object) {
    const char *bytes = editing->cursor.bytes;
    size_t begin = object->whole.begin, end = object->whole.end;
    while (begin > 0 && (bytes[begin - 1] == ' ' || bytes[begin - 1] == '\t'))
        begin--;
    while (end < editing->cursor.length && is_blank(bytes[end]) && bytes[end] != '\n')
        end++;
    bool own =
        begin > 0 && bytes[begin - 1] == '\n' && end < editing->cursor.length && bytes[end] == '\n';
    return own ? edit_replace(&editing->cursor, begin, end + 1, "", 0)
               : edit_replace(&editing->cursor, object->whole.begin, object->whole.end, "", 0);
}

static enum status edit_object(struct editing *editing, size_t index, size_t begin, size_t end) {
    struct label label = {0};
    const struct voc_object *object = &editing->voc.objects[index];
    struct decision *decisions = editing->decisions + begin;
    bool judged = read_label(editing, index, &label);
    for (size_t i = 0; i < end - begin; i++) {
        decisions[i].refused =
            decision_why_not(&decisions[i], judged ? &label : NULL, object->outlined);
        if (decisions[i].refused || decisions[i].action == ACTION_KEEP)
            continue;
        decisions[i].judged_class = label.class;
        for (size_t k = 0; k < 4; k++)
            decisions[i].judged_xywhn[k] = (double)label.xywhn[k];
    }
    struct decided decided = decisions_weigh(decisions, end - begin);
    if (decided.removal) {
        decided.removal->done = true;
        return removal(editing, object);
    }
    change(editing, object, &label, &decided);
    return edit_parts_put(&editing->cursor, &editing->parts);
}

static enum status edit_objects(struct editing *editing) {
    enum status status = STATUS_OK;
    size_t n = editing->n_decisions;
    struct decision *decisions = editing->decisions;
    for (size_t i = 0; i < editing->voc.n_objects; i++) {
        size_t begin = editing->used, end = begin;
        while (end < n && decisions[end].line == i + 1)
            end++;
        if (end > begin)
            TRY(edit_object(editing, i, begin, end));
        editing->used = end;
    }
    while (editing->used < n && decisions[editing->used].line > 0)
        decisions[editing->used++].refused = "the file has no such object any more";
out:
    return status;
}

/* ---------------------------------------------------------------- new objects */

static bool is_known(struct editing *editing, const struct decision *decision) {
    struct label label;
    for (size_t i = 0; i < editing->voc.n_objects; i++)
        if (read_label(editing, i, &label) && label.class == decision->class &&
            label_is_near(&label, decision->xywhn))
            return true;
    return false;
}

/* The blanks that the file begins the line of an object with, or of the root's end. */
static struct voc_span indent_of(const struct editing *editing, size_t at) {
    size_t begin = at;
    const char *bytes = editing->cursor.bytes;
    while (begin > 0 && (bytes[begin - 1] == ' ' || bytes[begin - 1] == '\t'))
        begin--;
    return (struct voc_span){begin, begin > 0 && bytes[begin - 1] == '\n' ? at : begin};
}

/* A line of a new object: its indent, `deeper` of a tab each, and an element, or a tag where
 * `value` is NULL. */
static void put_line(const struct editing *editing, struct voc_span indent, size_t deeper,
                     const char *tag, const struct text *value, struct text *out) {
    const char *bytes = editing->cursor.bytes;
    bool returns = editing->cursor.length > 0 && memchr(bytes, '\r', editing->cursor.length);
    text_bytes(out, bytes + indent.begin, indent.end - indent.begin);
    for (size_t i = 0; i < deeper; i++)
        text_string(out, "\t");
    text_format(out, "<%s>", tag);
    if (value) {
        text_bytes(out, value->data, value->length);
        text_format(out, "</%s>", tag);
    }
    text_string(out, returns ? "\r\n" : "\n");
}

static enum status write_object(struct editing *editing, const struct decision *decision,
                                const double size[2], struct voc_span indent, struct text *out) {
    static const char *const names[VOC_SIDES] = {"xmin", "ymin", "xmax", "ymax"};
    const struct voc *voc = &editing->voc;
    bool whole = voc->n_objects == 0 || is_whole(editing->cursor.bytes, &voc->objects[0]);
    struct text value = {0};
    double sides[VOC_SIDES];
    to_sides(size, decision->xywhn, sides);
    put_line(editing, indent, 0, "object", NULL, out);
    xml_text(&value, editing->names[decision->class]);
    put_line(editing, indent, 1, "name", &value, out);
    text_clear(&value);
    text_string(&value, "0");
    put_line(editing, indent, 1, "truncated", &value, out);
    put_line(editing, indent, 1, "difficult", &value, out);
    put_line(editing, indent, 1, "bndbox", NULL, out);
    for (size_t i = 0; i < VOC_SIDES; i++) {
        text_clear(&value);
        put_side(&value, sides[i], whole);
        put_line(editing, indent, 2, names[i], &value, out);
    }
    put_line(editing, indent, 1, "/bndbox", NULL, out);
    put_line(editing, indent, 0, "/object", NULL, out);
    enum status status = status_worse(text_status(&value), text_status(out));
    text_free(&value);
    return status;
}

/* Behind all objects, before the root's end. */
static enum status add_objects(struct editing *editing) {
    enum status status = STATUS_OK;
    struct text added = {0};
    double size[2];
    const struct voc *voc = &editing->voc;
    bool sized = voc_size(editing->cursor.bytes, voc, size);
    struct voc_span close = indent_of(editing, voc->end);
    struct voc_span indent =
        voc->n_objects ? indent_of(editing, voc->objects[voc->n_objects - 1].whole.begin) : close;
    for (size_t i = editing->used; i < editing->n_decisions; i++) {
        struct decision *decision = &editing->decisions[i];
        bool repeated = decision->action != ACTION_ADD;
        for (size_t k = editing->used; k < i && !repeated; k++)
            repeated = decision_is_same(decision, &editing->decisions[k]);
        if (repeated)
            continue;
        if (!sized)
            decision->refused = "the file gives no 'size' of its image";
        else if (is_known(editing, decision))
            decision->refused = "the file has this object already";
        else {
            TRY(write_object(editing, decision, size, indent, &added));
            decision->done = true;
        }
    }
    if (added.length > 0)
        status = edit_replace(&editing->cursor, close.begin, close.begin, added.data, added.length);
out:
    text_free(&added);
    return status;
}

enum status voc_edit_make(const char *bytes, size_t length, const char *const *names,
                          size_t n_names, struct decision *decisions, size_t n_decisions,
                          struct label_edit *edit) {
    enum status status = STATUS_OK;
    const char *problem = NULL;
    struct editing editing = {
        .names = names, .n_names = n_names, .decisions = decisions, .n_decisions = n_decisions};
    edit_begin(bytes, length, edit, &editing.cursor);
    if (bytes)
        TRY(voc_parse(bytes, length, &editing.voc, &problem));
    if (!bytes || problem) {
        decisions_refuse(decisions, n_decisions,
                         bytes ? "the file is not VOC's annotations any more"
                               : "there is no annotation file to add it to");
        goto out;
    }
    TRY(edit_objects(&editing));
    TRY(add_objects(&editing));
    status = edit_end(&editing.cursor);
out:
    voc_free(&editing.voc);
    text_free(&editing.parts.texts);
    text_free(&editing.name);
    return status;
}
