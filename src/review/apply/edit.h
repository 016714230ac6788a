/* What the edits of all forms of label files share: bytes put in the place of others, and decisions
 * weighed against what was judged and against each other. */
#ifndef VERIFY_REVIEW_APPLY_EDIT_H
#define VERIFY_REVIEW_APPLY_EDIT_H

#include "review/apply/label_edit.h"

/* A text that is changed from its beginning to its end. */
struct edit_cursor {
    const char *bytes;
    size_t length;
    struct label_edit *edit;
    size_t copied; /* so much of `bytes` is in the new text */
};

/* Begins anew. */
void edit_begin(const char *bytes, size_t length, struct label_edit *edit,
                struct edit_cursor *cursor);
/* Puts `length` bytes in the place of [begin, end), unless they are there: in rising order. */
enum status edit_replace(struct edit_cursor *cursor, size_t begin, size_t end, const char *bytes,
                         size_t length);
/* The rest stays. */
enum status edit_end(struct edit_cursor *cursor);

/* A few replacements that are collected in any order. */
enum { EDIT_PARTS = 8 };
struct edit_parts {
    size_t count;
    struct {
        size_t begin, end, text, length; /* of the old text; of `texts` */
    } items[EDIT_PARTS];
    struct text texts;
};
/* `parts->texts` has grown by what is to stand in the place of [begin, end). */
void edit_part(struct edit_parts *parts, size_t begin, size_t end, size_t from);
enum status edit_parts_put(struct edit_cursor *cursor, struct edit_parts *parts);

/* Whether a label is this box, as far as records tell. */
bool label_is_near(const struct label *label, const double xywhn[4]);
/* Whether two decisions ask for the same. */
bool decision_is_same(const struct decision *a, const struct decision *b);
/* Gives those that have none yet their `refused`. */
void decisions_refuse(struct decision *decisions, size_t count, const char *why);

/* Why a decision about an object cannot be carried out: it is not as it was judged (`label` NULL:
 * it is none that is judged), or a box is decided for one that `has_more` than that; NULL: it can.
 */
const char *decision_why_not(const struct decision *decision, const struct label *label,
                             bool has_more);

/* What is to be done with one object. */
struct decided {
    struct decision *class, *box, *points, *removal; /* NULL: nothing */
};
/* Weighs the decisions about one object, those that are not refused. Where they contradict each
 * other all are refused, and nothing is to be done. */
struct decided decisions_weigh(struct decision *decisions, size_t count);

#endif
