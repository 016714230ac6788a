/* Finds the objects in Pascal VOC's annotations. */
#include "data/voc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "data/number.h"
#include "data/xml_scan.h"

enum { MOST_DEPTH = 64, KNOWN_DEPTH = 4 };

void voc_free(struct voc *voc) {
    free(voc->objects);
    *voc = (struct voc){0};
}

/* Where a text belongs: names of elements from the root on, and whose it is. */
struct parser {
    struct xml_scan scan;
    struct voc *voc;
    struct xml_piece open[MOST_DEPTH]; /* tags */
    size_t depth;
};

static bool is_open(const struct parser *parser, size_t level, const char *name) {
    return level < parser->depth && xml_is(&parser->scan, &parser->open[level], name);
}

/* The text's place that the innermost element asks for; NULL: nobody asks. */
static struct voc_span *place_of(const struct parser *parser) {
    static const char *const sides[VOC_SIDES] = {"xmin", "ymin", "xmax", "ymax"};
    struct voc *voc = parser->voc;
    if (parser->depth == 3 && is_open(parser, 1, "size") && is_open(parser, 2, "width"))
        return &voc->size[0];
    if (parser->depth == 3 && is_open(parser, 1, "size") && is_open(parser, 2, "height"))
        return &voc->size[1];
    if (!is_open(parser, 1, "object") || voc->n_objects == 0)
        return NULL;
    struct voc_object *object = &voc->objects[voc->n_objects - 1];
    if (parser->depth == 3 && is_open(parser, 2, "name"))
        return &object->name;
    if (parser->depth != KNOWN_DEPTH || !is_open(parser, 2, "bndbox"))
        return NULL;
    for (size_t i = 0; i < VOC_SIDES; i++)
        if (is_open(parser, 3, sides[i]))
            return &object->sides[i];
    return NULL;
}

static enum status open_tag(struct parser *parser, const struct xml_piece *piece) {
    enum status status = STATUS_OK;
    struct voc *voc = parser->voc;
    if (parser->depth == MOST_DEPTH) {
        parser->scan.problem = "more than 64 levels of nesting";
        return STATUS_OK;
    }
    if (parser->depth == 0 && !xml_is(&parser->scan, piece, "annotation"))
        parser->scan.problem = "its root is no 'annotation'";
    parser->open[parser->depth++] = *piece;
    if (parser->depth == 2 && is_open(parser, 1, "object")) {
        TRY(memory_reserve(&voc->objects, &voc->capacity, voc->n_objects + 1,
                           sizeof *voc->objects));
        voc->objects[voc->n_objects++] = (struct voc_object){.whole = {piece->begin, piece->end}};
    }
    if (parser->depth == 3 && is_open(parser, 1, "object") && is_open(parser, 2, "polygon"))
        voc->objects[voc->n_objects - 1].outlined = true;
out:
    return status;
}

static void close_tag(struct parser *parser, const struct xml_piece *piece) {
    const struct xml_piece *opened = parser->depth ? &parser->open[parser->depth - 1] : NULL;
    size_t length = piece->name_end - piece->name_begin;
    const char *bytes = parser->scan.bytes;
    if (!opened || opened->name_end - opened->name_begin != length ||
        memcmp(bytes + opened->name_begin, bytes + piece->name_begin, length) != 0) {
        parser->scan.problem = "tags do not match";
        return;
    }
    if (parser->depth == 2 && is_open(parser, 1, "object"))
        parser->voc->objects[parser->voc->n_objects - 1].whole.end = piece->end;
    parser->depth--;
    if (parser->depth == 0)
        parser->voc->end = piece->begin;
}

static enum status take_piece(struct parser *parser, const struct xml_piece *piece) {
    enum status status = STATUS_OK;
    if (piece->kind == XML_OPEN)
        TRY(open_tag(parser, piece));
    bool closed = piece->kind == XML_OPEN && piece->empty && !parser->scan.problem;
    if (closed || piece->kind == XML_CLOSE)
        close_tag(parser, piece);
    if (piece->kind == XML_TEXT && parser->depth > 0) {
        struct voc_span *place = place_of(parser);
        if (place && place->end == 0)
            *place = (struct voc_span){piece->begin, piece->end};
    }
out:
    return status;
}

enum status voc_parse(const char *bytes, size_t length, struct voc *voc, const char **problem) {
    enum status status = STATUS_OK;
    struct parser parser = {.scan = {.bytes = bytes, .length = length}, .voc = voc};
    struct xml_piece piece;
    *voc = (struct voc){0};
    *problem = NULL;
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        parser.scan.at = 3;
    while (!voc->end && xml_next(&parser.scan, &piece) != XML_END)
        TRY(take_piece(&parser, &piece));
    if (parser.scan.problem)
        *problem = parser.scan.problem;
    else if (!voc->end)
        *problem = "it has no 'annotation', or that has no end";
    if (*problem)
        voc->n_objects = 0;
out:
    return status;
}

/* ---------------------------------------------------------------- what an object says */

static bool number_of(const char *bytes, struct voc_span span, double *number) {
    size_t begin = span.begin, end = span.end;
    while (begin < end && strchr(" \t\r\n", bytes[begin]))
        begin++;
    while (end > begin && strchr(" \t\r\n", bytes[end - 1]))
        end--;
    return end > begin && number_parse(bytes + begin, end - begin, number) == NUMBER_FINITE;
}

bool voc_size(const char *bytes, const struct voc *voc, double size[2]) {
    return number_of(bytes, voc->size[0], &size[0]) && number_of(bytes, voc->size[1], &size[1]) &&
           size[0] >= 1 && size[1] >= 1;
}

const char *voc_box(const char *bytes, const struct voc *voc, const struct voc_object *object,
                    float xywhn[4]) {
    double size[2], sides[VOC_SIDES];
    for (size_t i = 0; i < VOC_SIDES; i++)
        if (!number_of(bytes, object->sides[i], &sides[i]))
            return "it has no 'bndbox' of four numbers";
    if (!voc_size(bytes, voc, size))
        return "the file gives no 'size' of its image";
    for (size_t axis = 0; axis < 2; axis++) {
        double low = sides[axis], high = sides[VOC_XMAX + axis];
        xywhn[axis] = (float)(((low + high) / 2 - 1) / size[axis]);
        xywhn[2 + axis] = (float)((high - low) / size[axis]);
    }
    return NULL;
}

size_t voc_class(const char *const *names, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(names[i], name) == 0)
            return i;
    return n;
}
