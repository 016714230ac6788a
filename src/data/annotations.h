/* Labels that one file has of all images, as each rank keeps them. */
#ifndef VERIFY_DATA_ANNOTATIONS_H
#define VERIFY_DATA_ANNOTATIONS_H

#include "data/label.h"

enum annotation_problem {
    ANNOTATION_GOOD,
    ANNOTATION_NO_BOX,      /* its box is not four numbers */
    ANNOTATION_NO_SIZE,     /* its image's width and height are not known */
    ANNOTATION_NO_CATEGORY, /* its category is none of the file's */
};

/* Plain data, sent as bytes. */
struct annotation {
    struct label label; /* its line is the annotation's number */
    enum annotation_problem problem;
};

struct annotations {
    size_t n_images;
    uint64_t *starts; /* [n_images + 1]: the first of each image, by its place in the list of
                         all; owned */
    struct annotation *items; /* image by image, in the file's order; owned */
};

void annotations_free(struct annotations *annotations);

/* Makes `file` of an image's, with lines of boxes as its content. */
enum status annotations_read(const struct annotations *annotations, uint64_t image,
                             const struct label_rules *rules, struct label_file *file);

#endif
