/* What a data.yaml says, before anything of it is looked up. */
#ifndef VERIFY_DATA_DATA_YAML_H
#define VERIFY_DATA_DATA_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "data/label.h"
#include "data/path_list.h"

enum { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, N_SPLITS };

enum {
    DATA_MAX_CLASSES = 100000,
    DATA_NAME_BYTES = 4096, /* of a class name, its NUL included */
};

struct data_yaml {
    char *path; /* NULL: not given; owned */
    struct path_list
        entries[N_SPLITS];           /* folders and lists as written; none: the split is absent */
    bool download;                   /* there is such a key: the data set may not be there yet */
    bool model;                      /* keys that describe a model's layers */
    bool darknet;                    /* a .data file's: paths in its lists start at `path`, too */
    struct keypoint_shape keypoints; /* kpt_shape */
    struct keypoint_traits traits;   /* flip_idx, kpt_oks_sigmas */
    size_t n_names;                  /* 0: neither names nor nc */
    char **names;                    /* owned */
};

/* "train", "val", "test". */
const char *split_name(size_t split);

/* Reads a data.yaml. Keys: path, train, val (or validation), test, names, nc, kpt_shape and, with
 * it, flip_idx and kpt_oks_sigmas; others are passed over, and of a key written twice the last
 * counts. `names` is a list or a map; `nc` alone, and a gap in the map, give "class7".
 * STATUS_BAD_INPUT with file, line where there is one, and reason. Start with a zeroed struct. */
enum status data_yaml_read(const char *file, struct data_yaml *yaml);
void data_yaml_free(struct data_yaml *yaml);

#endif
