/* Decisions, and which of the run's label files they are about. */
#ifndef VERIFY_REVIEW_APPLY_DECISION_LIST_H
#define VERIFY_REVIEW_APPLY_DECISION_LIST_H

#include "data/index_set.h"
#include "data/path_list.h"
#include "review/apply/decision.h"
#include "review/records.h"
#include "review/run_results.h"

/* What the run's records say of a name. */
struct decision_name {
    bool is_image, is_label; /* of the run */
    size_t label;            /* of an image: the name of its label file */
};

struct decision_list {
    size_t count, capacity;
    struct decision *items; /* their texts and points are the list's; owned */
    struct path_list names; /* of images and label files, each once; `image` and `label` of a
                               decision are places in it */
    struct index_set name_set;
    size_t name_capacity;
    struct decision_name *of_names; /* [names.count]; owned */
    uint64_t refused;               /* lines of a file that are no decisions; they were shown */
};

/* Start with a zeroed list. */
void decision_list_free(struct decision_list *list);

/* Appends a decision, and owns its text and points; on failure they remain the caller's. */
enum status decision_list_add(struct decision_list *list, const struct decision *decision);

/* The place of a name among the names, where it is added if it is new. */
enum status decision_list_name(struct decision_list *list, const char *name, size_t *place);

/* Notes what a record says of the names: `label` is the name of its image's label file, whether
 * that exists or not. */
enum status decision_list_note(struct decision_list *list, const char *image, const char *label);

/* After all records were noted: gives each decision its label file, or its `refused` where the
 * image or the label file is not of the run, and puts them in order: by the label file's name, by
 * line (none last), then as they came. */
void decision_list_settle(struct decision_list *list);

/* Appends the decisions of a file, one JSON object a line (docs/formats.md). A line that is none
 * is shown, with its number and what is wrong, and counted. STATUS_BAD_INPUT where the file cannot
 * be read. `n_classes`: class numbers are below. */
enum status decisions_read(const char *file, size_t n_classes, struct decision_list *list);

/* What --accept asks for. */
struct acceptance {
    bool reasons[REASON_COUNT];      /* whose boxes' suggestions are taken */
    bool missing;                    /* whether labels are added for missing objects */
    double max_score;                /* scores are below it; INFINITY: any */
    double min_margin;               /* of REASON_CLASS margins are above it; -INFINITY: any */
    bool outlined;                   /* labels of the run say more than a box: new ones do, too */
    struct keypoint_shape keypoints; /* of the data set */
};

/* Reads the reasons: "class,duplicate". STATUS_BAD_INPUT names what has no suggestion. */
enum status acceptance_read(const char *reasons, struct acceptance *acceptance);

/* The least margin above which labels called mislabeled are wrong for `precision` of them, as the
 * run's self-test estimates. STATUS_BAD_INPUT where it has no such estimate. */
enum status acceptance_precision(struct json_object *report, double precision,
                                 struct acceptance *acceptance);

/* Appends the decisions that accept a record's suggestions. `label` as in decision_list_note. */
enum status decisions_accept(const struct acceptance *acceptance, const struct record *record,
                             const char *label, struct decision_list *list);

#endif
