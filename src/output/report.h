/* verification_report.json: written last, by rename, so that its presence means a finished or
 * cleanly interrupted run. */
#ifndef VERIFY_OUTPUT_REPORT_H
#define VERIFY_OUTPUT_REPORT_H

#include "output/tally.h"

#define REPORT_FILE "verification_report.json"

struct rank_report {
    int rank;
    const char *host, *device;
    uint64_t images;
    double seconds;
};

struct report {
    const char *status;                /* "complete" or "interrupted" */
    const struct tally *tally;         /* of all ranks */
    const struct self_test *self_test; /* what the tally's sums come to; NULL: left out */
    const struct class_map *classes;
    uint64_t orphan_labels;
    struct keypoint_shape keypoints; /* of the data set */
    const char *label_format;        /* likewise: label_format_name */
    size_t n_unread_kinds;           /* of pictures that were left out */
    const struct unread_kind *unread_kinds;
    const char *near_duplicates; /* a JSON object (near_groups.h); NULL: not looked for */
    size_t n_ranks;
    const struct rank_report *ranks;
    const char *parameters; /* a JSON object: every flag in force */
    const char *model, *dataset;
    double started, finished; /* seconds since 1970, UTC */
    /* A JSON object, the report that this one takes the place of: what verdicts do not change is as
     * it was. Of the members above it needs no more than status, tally, self_test, classes and
     * parameters then. NULL: there is none. */
    struct json_object *former;
};

/* Writes `output`/verification_report.json (temporary name, fsync, rename, fsync of the folder),
 * indented, keys in the order of the contract. */
enum status report_write(const char *output, const struct report *report);
/* The same as a draft in WORK_FOLDER: draft_publish (whole.h) gives it its name. */
enum status report_draft(const char *output, const struct report *report);

#endif
