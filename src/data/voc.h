/* Pascal VOC's annotations: an XML file an image. */
#ifndef VERIFY_DATA_VOC_H
#define VERIFY_DATA_VOC_H

#include "data/label_source.h"
#include "data/packed_paths.h"
#include "data/path_list.h"

/* Bytes [begin, end) of the file; begin == end: there is none. */
struct voc_span {
    size_t begin, end;
};

enum { VOC_XMIN, VOC_YMIN, VOC_XMAX, VOC_YMAX, VOC_SIDES };

struct voc_object {
    struct voc_span whole;            /* the element */
    struct voc_span name;             /* the text in it */
    struct voc_span sides[VOC_SIDES]; /* likewise */
    bool outlined;                    /* it has a polygon, too */
};

struct voc {
    size_t n_objects, capacity;
    struct voc_object *objects; /* in the file's order: their numbers are from 1; owned */
    struct voc_span size[2];    /* width, height: the texts */
    size_t end;                 /* where the root element's end begins */
};

/* The annotations of an image: the last /JPEGImages/ or /images/ of its path becomes /Annotations/,
 * the suffix .xml; beside the image where neither is in the path. */
enum status voc_path(const char *image, struct text *path);

/* Finds the objects of a file. *problem: why it is none of VOC's (a printable text), or NULL. On
 * failure, too, voc_free must be called. */
enum status voc_parse(const char *bytes, size_t length, struct voc *voc, const char **problem);
void voc_free(struct voc *voc);

/* An object's box as a label has it: a pixel's number is from 1, as VOC counts. NULL, or why it has
 * none. */
const char *voc_box(const char *bytes, const struct voc *voc, const struct voc_object *object,
                    float xywhn[4]);
/* Width and height of the image; false: not given. */
bool voc_size(const char *bytes, const struct voc *voc, double size[2]);

/* The class of that name among n; n: none has it. Case counts only where it tells two apart. */
size_t voc_class(const char *const *names, size_t n, const char *name);

/* As label_source_read. */
enum status voc_read(const struct label_source *source, const char *path, const char *image,
                     struct label_file *file);

/* All names of objects of these images, each once, sorted. */
enum status voc_names(const struct packed_paths *images, const char *extent,
                      struct path_list *names);

#endif
