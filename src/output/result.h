/* What the program found out about one image: what records, tallies and placing are made from. */
#ifndef VERIFY_OUTPUT_RESULT_H
#define VERIFY_OUTPUT_RESULT_H

#include "data/dataset.h"
#include "data/label.h"
#include "image/sketch.h"
#include "judge/self_test.h"

enum bucket { BUCKET_CORRECT, BUCKET_MISLABELED, BUCKET_UNCERTAIN, BUCKET_FAILED, BUCKET_COUNT };

/* One label and what became of it. Class numbers are the model's in `evidence`, the data set's in
 * `label`. */
struct box_result {
    struct label label;
    struct evidence evidence; /* zero but `suggested` and `twin`, -1, where the class is unknown */
    struct ruling ruling;
    double score; /* box_score */
};

#define NO_LABEL SIZE_MAX

/* What is seen of an error that was planted in memory, on a label of a class that a view knows. */
struct planted_seen {
    enum planted_kind kind;
    size_t label;                 /* that it was planted on; NO_LABEL: on none */
    struct evidence wrong, other; /* of the wrong label; of a doubled label's first one */
    float certainty;              /* of a dropped label: the surest missing object in its place;
                                     0: none */
};

/* What became of it. */
struct planted_result {
    enum planted_kind kind;
    bool doubted;       /* the label is not called correct; the missing object is reported */
    enum reason reason; /* why; REASON_NONE of a missing object */
};

struct image_result {
    const char *name;       /* as in the records */
    const char *label;      /* the label file, likewise; NULL: there is none */
    const char *split;      /* of the data.yaml; NULL: none */
    const char *error;      /* why the image failed; NULL where it was read */
    enum bucket bucket;     /* BUCKET_FAILED where error is set */
    double score;           /* 0 where it failed */
    uint32_t width, height; /* upright; 0 where it failed */
    uint32_t imgsz;         /* the longer side of the picture in the network's input */
    size_t n_boxes, box_capacity;
    struct box_result *boxes; /* owned; none where it failed */
    size_t n_missing;
    const float *numbers;            /* what task_evidence refers to */
    const struct detection *missing; /* of `objects`, at or above --missing-conf */
    size_t n_objects;
    const struct detection *objects; /* without a label, down to MISSING_FLOOR, of classes that the
                                        data set has */
    size_t n_predictions;
    const struct detection *predictions; /* for --save-json and --save-txt */
    const struct label_file *labels;     /* for its invalid lines; NULL: none */
    const struct sketch *sketch;         /* by which copies are found; NULL: there is none */
    bool self_test;                      /* the margins of its labels count in it */
    const struct hypothesis *hypotheses; /* (n_boxes, classes of the model), where those count */
    size_t n_seen, seen_capacity;
    struct planted_seen *seen; /* of each planted error; owned */
    size_t n_planted, planted_capacity;
    struct planted_result *planted; /* owned */
};

/* The folder of output/ that the image belongs in. */
enum bucket bucket_of(const struct image_result *result);
/* "correct", "mislabeled", "uncertain"; NULL for BUCKET_FAILED. */
const char *bucket_name(enum bucket bucket);

#endif
