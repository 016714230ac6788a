/* COCO's annotations: what a JSON file says of images, categories and objects. */
#ifndef VERIFY_DATA_COCO_H
#define VERIFY_DATA_COCO_H

#include <stdint.h>

#include "data/index_set.h"
#include "data/json_scan.h"
#include "data/label.h"

enum { COCO_GIB = 4 }; /* larger files are not read */

struct coco_image {
    uint64_t id;                    /* fingerprint of its bytes */
    struct json_span id_span, name; /* of the file; file_name */
    double width, height;           /* 0: not given */
};

struct coco_category {
    uint64_t id;
    struct json_span id_span, name;
};

/* The file's bytes are the caller's. */
struct coco {
    const char *file; /* for messages */
    const char *bytes;
    size_t length;
    size_t n_images, image_capacity;
    struct coco_image *images; /* in the file's order; owned */
    struct index_set image_set;
    size_t n_categories, category_capacity;
    struct coco_category *categories; /* class numbers are their places; owned */
    struct json_span annotations;     /* the array */
    bool several;                     /* image ids or category ids that stand twice */
};

#define COCO_NONE SIZE_MAX

/* An object of the array. */
struct coco_annotation {
    uint32_t number; /* from 1 */
    struct json_span whole, id, category, area;
    struct json_span box[4];
    size_t image;   /* place among the images; COCO_NONE: of none */
    size_t class;   /* place among the categories; COCO_NONE: of none */
    bool has_box;   /* four numbers */
    double bbox[4]; /* left, top, width, height in pixels */
    bool crowd;     /* iscrowd: a region, no object */
    enum label_form form;
};

/* Finds images and categories. STATUS_BAD_INPUT, with line and reason, where the text is no JSON or
 * not COCO's annotations. On failure, too, coco_free must be called. */
enum status coco_open(const char *file, const char *bytes, size_t length, struct coco *coco);
void coco_free(struct coco *coco);

/* Goes through the annotations; before the first call `scan` and `annotation` are zeroed. False:
 * there is no more, or scan->problem says what is wrong. */
bool coco_next(const struct coco *coco, struct json_scan *scan, bool *first,
               struct coco_annotation *annotation);
/* STATUS_BAD_INPUT where the scan met a problem. */
enum status coco_check(const struct coco *coco, const struct json_scan *scan);

/* The annotation's box as a label has it. False: it has none, or its image no size. */
bool coco_box(const struct coco *coco, const struct coco_annotation *annotation, float xywhn[4]);

#endif
