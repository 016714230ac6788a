/* A format that findings are exported in. formats.c has a row for each. */
#ifndef VERIFY_REVIEW_EXPORT_FORMAT_H
#define VERIFY_REVIEW_EXPORT_FORMAT_H

#include "review/export/class_list.h"
#include "review/export/folder.h"
#include "review/export/objects.h"
#include "review/run_results.h"

/* Below it, links to the images lie, and a format names them relative to it. */
#define EXPORT_IMAGES "images"

/* What all formats are written with. */
struct export_target {
    const struct run_results *results;
    const struct export_folder *folder; /* files are made in its draft */
    struct class_list classes;          /* of the data set, and what records name besides */
};

struct export_image {
    const struct record *record;
    const struct object_list *objects;
    const char *name; /* of its link, below EXPORT_IMAGES; NULL where the format needs none */
    uint64_t number;  /* from 0, in the order of the records */
};

/* The functions get `state`, which begins zeroed. */
struct export_format {
    const char *name; /* as --format has it */
    size_t state_size;
    const char *beside; /* suffix of a file that it makes beside each link; NULL: none */
    bool all_images;    /* each image that could be read, without links; else those with findings */
    enum status (*begin)(struct export_target *target, void *state);
    enum status (*image)(struct export_target *target, void *state,
                         const struct export_image *image);
    enum status (*end)(struct export_target *target, void *state);
    void (*free)(void *state); /* also of what did not begin */
};

/* NULL: there is none of this name. */
const struct export_format *export_format_find(const char *name);

/* Opens a file of this name in the draft. */
struct out_file;
enum status export_file_open(const struct export_target *target, const char *name,
                             struct out_file *file);
/* Makes a small file at once. */
enum status export_file_write(const struct export_target *target, const char *name,
                              const struct text *text);

#endif
