/* A finished run, as its output folder tells it: what all that is done with findings begins with.
 */
#ifndef VERIFY_REVIEW_RUN_RESULTS_H
#define VERIFY_REVIEW_RUN_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "data/label.h"
#include "output/json_member.h"

/* Zeroed at first. */
struct run_results {
    char *output;                    /* absolute; owned */
    char *root;                      /* absolute folder that names in the records begin at; owned */
    struct json_object *report;      /* verification_report.json; owned */
    bool complete;                   /* false: an interrupted run's */
    enum label_format format;        /* of the data set's labels */
    struct keypoint_shape keypoints; /* likewise */
    bool outlined;                   /* labels of the run say more than a box */
    size_t n_classes;
    const char **names; /* [n_classes]: the data set's; the names are the report's */
};

/* Reads what the folder `output` has. `data` (NULL: where they were) is what --data may be, and
 * says where the images lie now. STATUS_BAD_INPUT with one line where there is no run that came to
 * its end, or the images' folder is not known. On failure, too, run_results_free must be called. */
enum status run_results_open(const char *output, const char *data, struct run_results *results);
/* The same without its images, for what needs the records alone: `root` stays NULL. */
enum status run_results_read(const char *output, struct run_results *results);
void run_results_free(struct run_results *results);

/* Replaces *path by that of an image or a label file that the records name so. */
enum status run_results_path(const struct run_results *results, const char *name,
                             struct text *path);

#endif
