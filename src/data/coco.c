/* Reads COCO's annotations. */
#include "data/coco.h"

#include <stdlib.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/memory.h"

enum { MOST_CATEGORIES = 100000 };

static uint64_t id_of(const char *bytes, struct json_span span) {
    return fingerprint_bytes(FINGERPRINT_START, bytes + span.begin, span.end - span.begin);
}

static bool equal_image(const void *context, size_t index, const void *key) {
    return ((const struct coco *)context)->images[index].id == *(const uint64_t *)key;
}

static size_t find_image(const struct coco *coco, uint64_t id) {
    size_t place = index_set_find(&coco->image_set, (uint32_t)id, equal_image, coco, &id);
    return place == INDEX_SET_NONE ? COCO_NONE : place;
}

static size_t find_category(const struct coco *coco, uint64_t id) {
    for (size_t i = 0; i < coco->n_categories; i++)
        if (coco->categories[i].id == id)
            return i;
    return COCO_NONE;
}

static enum status bad(const struct coco *coco, size_t at, const char *what) {
    return FAIL(STATUS_BAD_INPUT, "%s, line %zu: %s", coco->file, json_line(coco->bytes, at), what);
}

enum status coco_check(const struct coco *coco, const struct json_scan *scan) {
    return scan->problem ? bad(coco, scan->at, scan->problem) : STATUS_OK;
}

static enum status read_image(struct coco *coco, struct json_scan *scan) {
    enum status status;
    struct coco_image image = {0};
    struct json_span key, value;
    bool first = true;
    size_t begin = scan->at;
    if (!json_scan_enter(scan, '{'))
        return bad(coco, begin, "an image is not an object");
    while (json_scan_member(scan, &first, &key) && json_scan_value(scan, &value)) {
        if (json_span_is(coco->bytes, key, "id"))
            image.id_span = value;
        else if (json_span_is(coco->bytes, key, "file_name"))
            image.name = value;
        else if (json_span_is(coco->bytes, key, "width"))
            json_span_number(coco->bytes, value, &image.width);
        else if (json_span_is(coco->bytes, key, "height"))
            json_span_number(coco->bytes, value, &image.height);
    }
    TRY(coco_check(coco, scan));
    if (image.id_span.end == 0 || image.name.end == 0)
        return bad(coco, begin, "an image has no 'id' or no 'file_name'");
    image.id = id_of(coco->bytes, image.id_span);
    coco->several |= find_image(coco, image.id) != COCO_NONE;
    TRY(memory_reserve(&coco->images, &coco->image_capacity, coco->n_images + 1,
                       sizeof *coco->images));
    coco->images[coco->n_images] = image;
    status = index_set_add(&coco->image_set, (uint32_t)image.id, coco->n_images++);
out:
    return status;
}

static enum status read_category(struct coco *coco, struct json_scan *scan) {
    enum status status;
    struct coco_category category = {0};
    struct json_span key, value;
    bool first = true;
    size_t begin = scan->at;
    if (!json_scan_enter(scan, '{'))
        return bad(coco, begin, "a category is not an object");
    while (json_scan_member(scan, &first, &key) && json_scan_value(scan, &value)) {
        if (json_span_is(coco->bytes, key, "id"))
            category.id_span = value;
        else if (json_span_is(coco->bytes, key, "name"))
            category.name = value;
    }
    TRY(coco_check(coco, scan));
    if (category.id_span.end == 0 || category.name.end == 0)
        return bad(coco, begin, "a category has no 'id' or no 'name'");
    if (coco->n_categories == MOST_CATEGORIES)
        return bad(coco, begin, "more than 100000 categories");
    category.id = id_of(coco->bytes, category.id_span);
    coco->several |= find_category(coco, category.id) != COCO_NONE;
    TRY(memory_reserve(&coco->categories, &coco->category_capacity, coco->n_categories + 1,
                       sizeof *coco->categories));
    coco->categories[coco->n_categories++] = category;
out:
    return status;
}

typedef enum status read_entry(struct coco *coco, struct json_scan *scan);

static enum status read_list(struct coco *coco, struct json_scan *scan, const char *what,
                             read_entry *read) {
    enum status status = STATUS_OK;
    bool first = true;
    if (!json_scan_enter(scan, '['))
        return bad(coco, scan->at, what);
    while (json_scan_element(scan, &first))
        TRY(read(coco, scan));
    status = coco_check(coco, scan);
out:
    return status;
}

static enum status read_top(struct coco *coco, struct json_scan *scan) {
    enum status status = STATUS_OK;
    struct json_span key, value;
    bool first = true;
    while (json_scan_member(scan, &first, &key)) {
        if (json_span_is(coco->bytes, key, "images"))
            TRY(read_list(coco, scan, "'images' is not an array", read_image));
        else if (json_span_is(coco->bytes, key, "categories"))
            TRY(read_list(coco, scan, "'categories' is not an array", read_category));
        else if (json_scan_value(scan, &value) && json_span_is(coco->bytes, key, "annotations"))
            coco->annotations = value;
    }
    status = coco_check(coco, scan);
out:
    return status;
}

enum status coco_open(const char *file, const char *bytes, size_t length, struct coco *coco) {
    enum status status;
    struct json_scan scan = {.bytes = bytes, .length = length};
    *coco = (struct coco){.file = file, .bytes = bytes, .length = length};
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        scan.at = 3;
    bool object = json_scan_enter(&scan, '{');
    if (object)
        TRY(read_top(coco, &scan));
    if (!object || coco->n_images == 0 || coco->annotations.end == 0 ||
        bytes[coco->annotations.begin] != '[')
        return FAIL(STATUS_BAD_INPUT,
                    "%s is not COCO's annotations: it needs 'images', 'annotations' and "
                    "'categories'%s",
                    file,
                    object && coco->n_images == 0 && coco->annotations.end > 0
                        ? ", and it names no image"
                        : "");
    if (coco->n_categories == 0)
        return FAIL(STATUS_BAD_INPUT, "%s names no 'categories'", file);
    if (coco->several)
        return FAIL(STATUS_BAD_INPUT, "%s: two images, or two categories, have the same 'id'",
                    file);
out:
    return status;
}

void coco_free(struct coco *coco) {
    free(coco->images);
    free(coco->categories);
    index_set_free(&coco->image_set);
    *coco = (struct coco){0};
}

/* ---------------------------------------------------------------- annotations */

static void read_box(const struct coco *coco, struct json_span span,
                     struct coco_annotation *annotation) {
    struct json_scan scan = {.bytes = coco->bytes, .length = span.end, .at = span.begin};
    size_t n = 0;
    bool first = true, numbers = true;
    struct json_span value;
    if (!json_scan_enter(&scan, '['))
        return;
    for (; json_scan_element(&scan, &first) && json_scan_value(&scan, &value); n++) {
        if (n >= 4)
            continue;
        annotation->box[n] = value;
        numbers &= json_span_number(coco->bytes, value, &annotation->bbox[n]);
    }
    annotation->has_box = n == 4 && numbers && !scan.problem;
}

/* Whether an array, or an object, holds anything. */
static bool is_filled(const struct coco *coco, struct json_span span) {
    struct json_scan scan = {.bytes = coco->bytes, .length = span.end, .at = span.begin + 1};
    struct json_span value;
    char open = coco->bytes[span.begin];
    return (open == '[' || open == '{') && span.end - span.begin > 2 &&
           json_scan_value(&scan, &value);
}

static void take_member(const struct coco *coco, struct json_span key, struct json_span value,
                        struct coco_annotation *annotation) {
    const char *bytes = coco->bytes;
    double number;
    if (json_span_is(bytes, key, "image_id"))
        annotation->image = find_image(coco, id_of(bytes, value));
    else if (json_span_is(bytes, key, "id"))
        annotation->id = value;
    else if (json_span_is(bytes, key, "category_id")) {
        annotation->category = value;
        annotation->class = find_category(coco, id_of(bytes, value));
    } else if (json_span_is(bytes, key, "bbox"))
        read_box(coco, value, annotation);
    else if (json_span_is(bytes, key, "area"))
        annotation->area = value;
    else if (json_span_is(bytes, key, "iscrowd"))
        annotation->crowd =
            (json_span_number(bytes, value, &number) && number != 0) || bytes[value.begin] == 't';
    else if (json_span_is(bytes, key, "keypoints") && is_filled(coco, value))
        annotation->form = LABEL_POSE;
    else if (json_span_is(bytes, key, "segmentation") && annotation->form == LABEL_BOX &&
             is_filled(coco, value))
        annotation->form = LABEL_POLYGON;
}

bool coco_next(const struct coco *coco, struct json_scan *scan, bool *first,
               struct coco_annotation *annotation) {
    uint32_t number = annotation->number;
    struct json_span key, value;
    bool first_member = true;
    if (!scan->bytes) {
        *scan = (struct json_scan){.bytes = coco->bytes,
                                   .length = coco->annotations.end,
                                   .at = coco->annotations.begin + 1};
        *first = true;
    }
    if (!json_scan_element(scan, first))
        return false;
    *annotation = (struct coco_annotation){
        .number = number + 1, .image = COCO_NONE, .class = COCO_NONE, .form = LABEL_BOX};
    annotation->whole.begin = scan->at;
    if (!json_scan_enter(scan, '{')) {
        scan->problem = "an annotation is not an object";
        return false;
    }
    while (json_scan_member(scan, &first_member, &key) && json_scan_value(scan, &value))
        take_member(coco, key, value, annotation);
    annotation->whole.end = scan->at;
    return !scan->problem;
}

bool coco_box(const struct coco *coco, const struct coco_annotation *annotation, float xywhn[4]) {
    const double *b = annotation->bbox;
    if (!annotation->has_box || annotation->image == COCO_NONE)
        return false;
    const struct coco_image *image = &coco->images[annotation->image];
    if (!(image->width >= 1 && image->height >= 1))
        return false;
    xywhn[0] = (float)((b[0] + b[2] / 2) / image->width);
    xywhn[1] = (float)((b[1] + b[3] / 2) / image->height);
    xywhn[2] = (float)(b[2] / image->width);
    xywhn[3] = (float)(b[3] / image->height);
    return true;
}
