/* Label files: YOLO's lines of "class xc yc w h" or "class x1 y1 x2 y2 ...". */
#ifndef VERIFY_DATA_LABEL_H
#define VERIFY_DATA_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct label {
    uint32_t line;  /* from 1 */
    uint32_t class; /* the data set's class number */
    float xywhn[4]; /* centre, width and height as fractions of the picture */
};

struct invalid_label {
    uint32_t line; /* from 1; 0: the file as a whole */
    char *reason;  /* owned */
};

struct label_file {
    bool present; /* false: there is no file (a background image) */
    size_t n_labels, label_capacity;
    struct label *labels;
    size_t n_invalid, invalid_capacity;
    struct invalid_label *invalid;
};

/* Reads a label file; class numbers must be below n_classes (0: any below 2^31). A missing file,
 * and a bad line or a bad file, are data: only lack of memory is a failure. Start with a zeroed
 * struct; it can be read into again. Thread-safe. */
enum status label_file_read(const char *path, size_t n_classes, struct label_file *file);
/* The same from memory. `bytes` need not end in NUL. */
enum status label_file_parse(const char *bytes, size_t length, size_t n_classes,
                             struct label_file *file);
void label_file_free(struct label_file *file);

/* The label file of an image: the last /images/ or /JPEGImages/ of its path becomes /labels/, the
 * suffix .txt; beside the image where neither folder is in the path. The caller frees *out. */
enum status label_path(const char *image_path, char **out);

#endif
