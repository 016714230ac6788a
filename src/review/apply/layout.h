/* Where a data set has its label files, as the records of a run tell: the folders, and the path of
 * each below one folder, so that a copy can take their place. */
#ifndef VERIFY_REVIEW_APPLY_LAYOUT_H
#define VERIFY_REVIEW_APPLY_LAYOUT_H

#include "data/index_set.h"
#include "data/path_list.h"
#include "review/records.h"
#include "review/run_results.h"

/* A folder `labels` that stands in the place of one of images, or a folder that has both. */
struct label_tree {
    char *common; /* the deepest folder in it that holds all label files; owned */
    bool own;     /* a folder `labels`, of which the folders below belong to the data set, too */
};

struct layout {
    const struct run_results *results;
    struct path_list roots; /* of the trees */
    struct index_set root_set;
    struct label_tree *trees; /* [roots.count]; owned */
    size_t tree_capacity;
    struct path_list folders; /* that the images' label files lie in, each once */
    struct index_set folder_set;
    char *base;               /* the folder that paths are relative to; owned */
    struct text image, label; /* of the record that was noted last: absolute paths */
};

/* Start with a zeroed struct and its results. */
void layout_free(struct layout *layout);

/* Notes where a record's label file lies, or would lie; layout->label is its path. */
enum status layout_note(struct layout *layout, const struct record *record);

/* After all records: finds the base: the data set's folder where all label files are below it, else
 * the deepest folder common to both. */
enum status layout_settle(struct layout *layout);

/* The folder of the data set that a label file must lie in, links resolved: the data set's own, or,
 * of a label file that lies elsewhere, the one that its tree begins with; NULL: none. */
const char *layout_within(const struct layout *layout, const char *path);

/* A path below the base, relative to it. */
const char *layout_below(const struct layout *layout, const char *path);

/* What a walk meets. `path` is absolute; `link`: a symbolic link. */
typedef enum status layout_visit(void *context, const char *path, bool link);

/* Calls `visit` for each file `.txt` (of VOC's annotations, `.xml`) of the label folders, with
 * those below a folder `labels`; in no order. Links to folders are followed where the images' label
 * files lie behind them. What a run of verify left in `without` (absolute) is left out. *others:
 * other files in folders `labels`. STATUS_BAD_INPUT where a folder cannot be read. */
enum status layout_walk(struct layout *layout, const char *without, layout_visit *visit,
                        void *context, uint64_t *others);

#endif
