/* Which findings of an image are the same in two runs. */
#ifndef VERIFY_REVIEW_DIFF_MATCH_H
#define VERIFY_REVIEW_DIFF_MATCH_H

#include "review/findings.h"

/* IoU from which on a finding of the same class is on the same object. */
#define SAME_FINDING 0.5

#define NO_PARTNER SIZE_MAX

/* A finding as another run's is compared with it. Texts and boxes are the record's. */
struct diff_finding {
    enum finding_kind kind;
    uint32_t line;          /* of the label file; 0: none, or the file as a whole */
    const char *reason;     /* as in the records; "missing", "invalid" */
    const char *name;       /* the class; of an invalid line, why it is */
    const char *suggested;  /* the class that it looks like; NULL: none */
    double score;           /* 0 of an invalid line */
    const double *xywhn;    /* NULL: none */
    const char *other_name; /* of a second label on the same object; NULL: none */
    const double *other_xywhn;
    size_t partner; /* in the other list; NO_PARTNER */
};

/* Zeroed at first. */
struct diff_list {
    size_t count, capacity;
    struct diff_finding *items; /* owned */
    struct findings_list findings;
};

/* Replaces what the list holds by the findings of a record; weak labels, against which nothing
 * speaks, are none. They are the record's as long as it is. */
enum status diff_list_read(const struct record *record, struct diff_list *list);
void diff_list_free(struct diff_list *list);

/* Sets the partners in both. Two findings are the same if they are of one kind, name one class, and
 * overlap by SAME_FINDING; of a label and a second one on its object either may be. Line numbers
 * do not count. Those that overlap each other most come first. */
void diff_match(struct diff_list *old, struct diff_list *new);

#endif
