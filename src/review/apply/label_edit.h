/* A label file with decisions carried out, line by line: what is not decided stays the same bytes.
 */
#ifndef VERIFY_REVIEW_APPLY_LABEL_EDIT_H
#define VERIFY_REVIEW_APPLY_LABEL_EDIT_H

#include "base/text.h"
#include "data/label.h"
#include "review/apply/decision.h"

/* Bytes [old_begin, old_end) of a text became [new_begin, new_end) of another. */
struct edit_range {
    size_t old_begin, old_end, new_begin, new_end;
};

struct label_edit {
    struct text after;         /* the new file; data may be NULL where it is empty; owned */
    size_t n_ranges, capacity; /* what is not in a range is the same in both */
    struct edit_range *ranges; /* in rising order; owned */
};

/* Start with a zeroed struct; it can be used again. */
void label_edit_free(struct label_edit *edit);

/* Carries out the decisions about one file, which are in the order of their lines, those without
 * one last. `bytes` NULL: there is no such file, and it begins empty. `rules`: of the data set
 * (NULL: no poses). What cannot be done gets its `refused` and changes nothing: a line that is not
 * as it was judged, decisions that contradict each other, a box for a polygon, points for a box, an
 * object that has a label already. A new label has its points where the file's labels have theirs.
 * The same decision twice is one. A byte order mark stays first; a new line ends as the file's
 * lines do. */
enum status label_edit_make(const char *bytes, size_t length, const struct label_rules *rules,
                            struct decision *decisions, size_t n_decisions,
                            struct label_edit *edit);

#endif
