/* What was decided about one line of a label file. */
#ifndef VERIFY_REVIEW_APPLY_DECISION_H
#define VERIFY_REVIEW_APPLY_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum action {
    ACTION_CLASS,
    ACTION_BOX,
    ACTION_POINTS, /* of a polygon or an oriented box, all behind the class; of a pose, too: its box
                      and its keypoints */
    ACTION_DELETE,
    ACTION_KEEP,
    ACTION_ADD,
    ACTIONS
};

struct decision {
    enum action action;
    uint32_t line;         /* of the label file, from 1; 0: none, as of ACTION_ADD */
    uint64_t from;         /* the line of the decisions' file; 0: taken from a record */
    int64_t class;         /* the new one; -1: it stays */
    bool has_xywhn;        /* of ACTION_POINTS: a pose's box is given, too */
    double xywhn[4];       /* of ACTION_BOX and ACTION_ADD; of ACTION_POINTS where it has one */
    size_t n_points;       /* numbers of ACTION_POINTS and, where it has any, of ACTION_ADD */
    double *points;        /* [n_points]: fractions of the picture, of keypoints how visible they
                              are, too; NAN: that number of the line stays. Owned by the list */
    char *text;            /* the label line as it was judged; NULL: judged_… tell */
    size_t text_length;    /* in bytes */
    uint32_t judged_class; /* where `text` is NULL: what the line said, rounded as in records; and
                              of what was done: what it said before */
    double judged_xywhn[4];
    size_t image, label; /* names as in the records, in a list of them; SIZE_MAX: not given */
    const char *refused; /* why it cannot be done; NULL: nothing speaks against it */
    bool done;           /* it has changed something */
};

#endif
