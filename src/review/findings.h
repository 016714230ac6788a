/* What of a record somebody should look at. */
#ifndef VERIFY_REVIEW_FINDINGS_H
#define VERIFY_REVIEW_FINDINGS_H

#include "review/same_object.h"

enum finding_kind { FINDING_BOX, FINDING_MISSING, FINDING_INVALID };

/* Two labels on one object are one finding, of the worse of the two. */
#define FINDING_NO_OTHER SAME_OBJECT_NONE

struct finding {
    enum finding_kind kind;
    size_t item;     /* of the record's boxes, missing or invalid */
    size_t other;    /* the box of a second label on the same object; FINDING_NO_OTHER */
    double score;    /* of an invalid line 0 */
    bool weak;       /* nothing speaks against the label but silence */
    uint64_t offset; /* of the record */
};

struct findings_list {
    size_t count, capacity;
    struct finding *items; /* owned */
    struct same_objects same;
};

/* Replaces what the list holds by the findings of a record: each box that is not correct, each
 * missing object, each invalid line; in the order of finding_compare. Start with a zeroed list. */
enum status findings_of(const struct record *record, struct findings_list *list);
void findings_list_free(struct findings_list *list);

/* The model's box (xywhn) that is shown beside a label's: the one it has for the label's class.
 * NULL where there is none, and where the finding is that the object is of another class, since a
 * box for the class that is doubted often lies beside the object. */
const double *finding_model_box(const struct record_box *box);

/* The order in which findings are looked at, as qsort wants it: most suspicious first, then invalid
 * lines, which are what they are, and weak ones last. No two findings are equal. */
int finding_compare(const void *a, const void *b);

#endif
