/* Where an image's labels are, and what they say, whatever form the data set has them in. */
#ifndef VERIFY_DATA_LABEL_SOURCE_H
#define VERIFY_DATA_LABEL_SOURCE_H

#include "data/annotations.h"

/* The same on all ranks; all of it is the caller's. */
struct label_source {
    enum label_format format;
    const char *extent; /* of the data set, for label files that are links */
    struct label_rules rules;
    size_t n_names;           /* of the data set */
    const char *const *names; /* [n_names] */
    const char *file;         /* of COCO's annotations */
    const struct annotations *annotations;
};

/* Replaces *path by that of the file that has the image's labels. */
enum status label_source_path(enum label_format format, const char *file, const char *image,
                              struct text *path);

/* Reads the labels of an image, by its place in the list of all, as label_file_read does. `path` is
 * label_source_path's. Of other forms than lines, `content` has lines of the boxes, which are what
 * is placed, and `line` is the annotation's number in COCO's file, the object's in VOC's. */
enum status label_source_read(const struct label_source *source, const char *path,
                              const char *image, uint64_t place, struct label_file *file);

/* "yolo", "coco", "voc"; LABEL_FORMATS: no such. */
const char *label_format_name(enum label_format format);
enum label_format label_format_of(const char *name);

#endif
