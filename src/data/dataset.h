/* What --data names: the list of images, the class names. */
#ifndef VERIFY_DATA_DATASET_H
#define VERIFY_DATA_DATASET_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "data/image_splits.h"
#include "data/label_source.h"
#include "data/packed_paths.h"
#include "data/path_list.h"

/* Files of one kind of picture that is not read. */
struct unread_kind {
    const char *suffix; /* lower case, with its dot; not owned */
    uint64_t count;
};

struct dataset {
    char *root; /* absolute folder that image names in the records are relative to; owned */
    struct packed_paths images; /* absolute, lexically normal (data/path.h), links not resolved */
    struct image_splits splits; /* of them; an image that several have is of the first */
    size_t n_names;             /* 0: a data set without names */
    char **names; /* owned; by class number, "class7" for a gap in a map or for `nc` */
    struct keypoint_shape keypoints; /* of labels that are poses */
    struct keypoint_traits traits;   /* of those keypoints */
    enum label_format format;        /* what its labels are in */
    char *annotation_file;           /* of COCO's annotations; NULL: none; owned */
    struct annotations annotations;  /* likewise */
    char *common;                    /* deepest folder common to all images, absolute; owned */
    char *extent; /* the folder that the data set claims for itself, links resolved; "": none (a
                     list); owned */
    uint64_t repeated;       /* images listed more than once; each is kept once */
    uint64_t other;          /* entries of .txt lists that are no pictures; left out */
    struct path_list unread; /* pictures of kinds that are not read (picture.h), each once */
    size_t n_unread_kinds;
    struct unread_kind *unread_kinds; /* largest count first, then by suffix; owned */
    char *skipped; /* what was left out, for one warning: absent or empty splits, unreadable or
                      hidden folders, what verify wrote; NULL: nothing; owned */
};

/* Opens a data.yaml, a Darknet .data file, several of these with commas between, COCO's annotations
 * (.json), a folder or a .txt list. `splits` is NULL (every split present) or a comma-separated
 * list of train, val, test, which only the former can satisfy. A folder or a list has the names of
 * a classes.txt beside its labels (name_list_find).
 *
 * Folders give their images sorted by path bytes; hidden files and folders are left out (those that
 * hold pictures are named in `skipped`), links to folders followed once (by device and inode, a
 * folder itself before the links to it). Lists keep their order and may name files that do not
 * exist: those fail when they are read. Folders and lists that several splits share are read once.
 *
 * A data.yaml follows Ultralytics' check_det_dataset, except that a relative `path` starts at the
 * file's folder, then at the current one; that an absent folder is an error only where --split
 * names it or no split has images; and that `train` and `val` need not both be there.
 *
 * `output` (NULL: none) is where results go: what a run placed there, below correct, mislabeled and
 * uncertain, is no part of the data set, so that it may lie within. What any other run of verify
 * wrote is left out where its folder is met below a given one, and named in `skipped`; given
 * itself, or in a list, it is data as any other.
 *
 * STATUS_BAD_INPUT with one line where there is nothing to verify. */
enum status dataset_open(const char *path, const char *splits, const char *output,
                         struct dataset *dataset);
void dataset_free(struct dataset *dataset);

/* Appends the kinds that are not read and their counts: ".gif 3, .heic 1". */
void dataset_unread_text(const struct dataset *dataset, struct text *text);

/* Counts the .txt files (of VOC's annotations, .xml) in the pictures' label folders that belong to
 * no picture, read or not (classes.txt and hidden files excepted); of COCO's annotations there are
 * none. An unreadable folder counts nothing. Once *stop (NULL: never) is set it leaves off, with
 * what was counted so far. */
enum status dataset_count_orphans(const struct dataset *dataset, const atomic_bool *stop,
                                  uint64_t *orphans);

/* STATUS_BAD_INPUT, with where they were looked for, where no image has a label file. */
enum status dataset_check_labels(const struct dataset *dataset);

/* How the labels of the data set, which must outlive it, are read; class numbers are below. */
struct label_source dataset_labels(const struct dataset *dataset, size_t n_classes);

/* Finds out whether an image's labels are lines, or, where no image has such a file, Pascal VOC's
 * annotations. */
enum status dataset_find_format(struct dataset *dataset);

/* The name of an image in records: relative to `root` where it lies below it, else the path itself.
 * Points into `path`. */
const char *dataset_image_name(const char *root, const char *path);

/* How the data set's classes and the model's correspond, by name: ASCII case apart, and runs of
 * spaces and '_' the same. */
struct class_map {
    size_t n_data, n_model;
    int32_t *to_model; /* [n_data]; -1: the model does not know this class; owned */
    int32_t *to_data;  /* [n_model]; -1: the data set does not have this class; owned */
    char **names;      /* [n_data] owned copies */
};

/* A data set without names (n_data 0) takes the model's. Where all names of one side are "class0",
 * "class_1" and so on, which is what nameless models and data sets are given, classes are matched
 * by number if both sides have as many, and `names` are the other side's. Equal names within one
 * side: as many on both sides pair up in order, else the first counts. STATUS_BAD_INPUT where no
 * name is shared, naming some of both sides. */
enum status class_map_make(const char *const *data_names, size_t n_data,
                           const char *const *model_names, size_t n_model, struct class_map *map);
void class_map_free(struct class_map *map);

#endif
