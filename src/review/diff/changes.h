/* What became of findings from one run to another, counted. */
#ifndef VERIFY_REVIEW_DIFF_CHANGES_H
#define VERIFY_REVIEW_DIFF_CHANGES_H

#include "base/text.h"
#include "review/diff/match.h"

enum change { CHANGE_GONE, CHANGE_NEW, CHANGE_STILL, CHANGE_COUNT };

/* "gone", "new", "still". */
const char *change_name(enum change change);

/* Counts of what has one name. */
struct change_row {
    char *name; /* owned */
    uint64_t counts[CHANGE_COUNT];
};

/* Rows in the order of their names. Zeroed at first. */
struct change_table {
    size_t count, capacity;
    struct change_row *rows; /* owned */
};

enum { WORST_MOST = 20 };

/* Zeroed at first. */
struct changes {
    uint64_t counts[CHANGE_COUNT];
    struct change_table reasons, classes;
    size_t n_worst; /* new findings, the most suspicious of all */
    struct worst_finding {
        double order;
        char *line; /* what is said of it; owned */
    } worst[WORST_MOST];
};

/* Counts one: of an image of that name. */
enum status changes_add(struct changes *changes, enum change change, const char *image,
                        const struct diff_finding *finding);
void changes_free(struct changes *changes);

/* Appends the tables and the worst of the new ones, as lines. */
enum status changes_show(const struct changes *changes, struct text *lines);
/* Appends members of a JSON object: counts, by reason, by class. */
enum status changes_json(const struct changes *changes, struct text *text);

#endif
