/* Label files: YOLO's lines of "class xc yc w h" or "class x1 y1 x2 y2 ...". */
#ifndef VERIFY_DATA_LABEL_H
#define VERIFY_DATA_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "data/file_bytes.h"

enum {
    LABEL_FILE_MIB = 16,      /* larger files are not read */
    LABEL_FILE_LINES = 10000, /* lines with something on them; the rest of a file is not read */
};

/* How a data set has its labels. */
enum label_format {
    LABEL_FORMAT_YOLO, /* a .txt an image, a line an object */
    LABEL_FORMAT_COCO, /* one .json */
    LABEL_FORMAT_VOC,  /* an .xml an image */
    LABEL_FORMATS
};

/* What a label line says. */
enum label_form {
    LABEL_BOX,
    LABEL_POLYGON,
    LABEL_QUAD, /* a polygon of four points, which oriented boxes are, too */
    LABEL_POSE,
    LABEL_FORMS
};

struct label {
    uint32_t line;  /* from 1 */
    uint32_t class; /* the data set's class number */
    float xywhn[4]; /* centre, width and height as fractions of the picture */
    enum label_form form;
    /* What the line says beside class and box, as fractions of the picture: corners of an outline,
     * or keypoints; label_file.numbers from `first` on. 0 where the form is LABEL_BOX, or the
     * labels are of another form than lines. */
    uint32_t first, n_numbers;
};

/* The keypoints of a data set of poses, as kpt_shape in data.yaml has them. */
struct keypoint_shape {
    uint32_t count;  /* 0: no poses */
    uint32_t values; /* of each: 2, or 3 with its visibility */
};

/* What data.yaml says of them beside. Without padding: it is compared, sent and hashed as bytes. */
enum { KEYPOINTS_MOST = 1000 };
struct keypoint_traits {
    uint32_t n_flip, n_sigmas;     /* as many as there are keypoints; 0: not given */
    uint16_t flip[KEYPOINTS_MOST]; /* flip_idx: which each one is in a mirror, all different */
    float sigmas[KEYPOINTS_MOST];  /* kpt_oks_sigmas: OKS's for each, above 0 */
};

/* What a data set's label lines may hold. */
struct label_rules {
    size_t n_classes; /* class numbers are below; 0: any below 2^31 */
    struct keypoint_shape keypoints;
};

struct invalid_label {
    uint32_t line; /* from 1; 0: the file as a whole */
    char *reason;  /* one printable line; owned */
};

struct label_file {
    bool present; /* a file that was read; false: none, or one that `invalid` tells of */
    bool absent;  /* there is no such file */
    size_t n_labels, label_capacity;
    struct label *labels;
    size_t n_numbers, number_capacity;
    float *numbers;
    size_t n_invalid, invalid_capacity;
    struct invalid_label *invalid;
    struct file_bytes content; /* of a file read, so that what was judged is what is copied; its
                                  bytes are NULL where it was not read; owned */
};

/* Reads a label file by the data set's rules (NULL: any class, no poses). A missing file, and a bad
 * line or a bad file, are data: only lack of memory or of file descriptors is a failure. Start with
 * a zeroed struct; it can be read into again. Thread-safe.
 *
 * A label file that is a symbolic link is read only where it leads to a file of the data set: one
 * below `extent` (the data set's; "": none), below the folder `labels` of its path (its own folder,
 * if there is none), or below the folder of images that stands there in the path of `image`; or the
 * label file of the picture that `image`, a link itself, leads to. None of these is "/". So a data
 * set cannot have files of the user's read, and copied, that are not its own. Links among the
 * folders of the path are followed.
 *
 * Lines end in LF, CRLF or CR. Per line as Ultralytics' verify_image_label, 8.4, judges a file:
 * values to 1.01, centres from -0.01, a class written as any whole number ("0.0"); more than 6
 * columns are a polygon, whose bounding box must hold the same; in a data set of poses, each line
 * has a box and all keypoints. Two things differ: a box without width or height is invalid, since
 * nothing can be compared with it, and repeated lines stay, since the verdict names them. */
enum status label_file_read(const char *path, const char *image, const char *extent,
                            const struct label_rules *rules, struct label_file *file);
/* Reads the file alone, by the same rule of links: its bytes are in `content`, or `absent` or
 * `invalid` tells why not. */
enum status label_file_open(const char *path, const char *image, const char *extent,
                            struct label_file *file);
/* The same from memory. `bytes` need not end in NUL. */
enum status label_file_parse(const char *bytes, size_t length, const struct label_rules *rules,
                             struct label_file *file);
void label_file_free(struct label_file *file);

/* Empties it, for labels that are of another form than lines: it is `present` then. */
void label_file_begin(struct label_file *file);
/* Adds a label, or why it is none, by the rules of a box. `line` is its number in what it is of. */
enum status label_file_take(struct label_file *file, const struct label *label,
                            const struct label_rules *rules);
enum status label_file_refuse(struct label_file *file, uint32_t line, const char *reason);
/* Appends a label as a line of its box, its newline included. */
void label_text(const struct label *label, struct text *text);
/* Makes the content of the labels: lines of boxes, as they are placed. */
enum status label_file_write(struct label_file *file);

/* The label file of an image: the last /images/ or /JPEGImages/ of its path becomes /labels/, the
 * suffix .txt; beside the image where neither folder is in the path. A path may also begin with
 * "images/". The caller frees *out. */
enum status label_path(const char *image_path, char **out);
/* The same, replacing *out. */
enum status label_path_text(const char *image_path, struct text *out);

#endif
