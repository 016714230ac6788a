/* Decisions of every kind about what a file of annotations holds, as a review's page may make. */
#ifndef TESTS_FUZZ_DECISIONS_H
#define TESTS_FUZZ_DECISIONS_H

#include <stdlib.h>
#include <string.h>

#include "review/apply/decision.h"
#include "review/apply/label_edit.h"

enum { FUZZ_DECISIONS = 6 };

/* Those with a line first, in its order; of the data set's image `image`. */
static inline void fuzz_decisions_make(size_t image, struct decision decisions[FUZZ_DECISIONS]) {
    static const struct decision made[FUZZ_DECISIONS] = {
        {.action = ACTION_CLASS, .line = 1, .class = 1},
        {.action = ACTION_BOX, .line = 2, .class = -1, .xywhn = {.5, .25, .125, .0625}},
        {.action = ACTION_DELETE, .line = 3, .class = -1},
        {.action = ACTION_DELETE, .line = 4, .class = -1},
        {.action = ACTION_ADD, .class = 0, .xywhn = {.5, .5, .25, .25}},
        {.action = ACTION_ADD, .class = 1, .xywhn = {.1, .1, .05, .05}},
    };
    memcpy(decisions, made, sizeof made);
    for (size_t i = 0; i < FUZZ_DECISIONS; i++) {
        decisions[i].image = image;
        decisions[i].label = SIZE_MAX;
    }
}

/* Ranges rise, lie within both texts, and what is between them is the same. */
static inline void fuzz_edit_check(const char *bytes, size_t length,
                                   const struct label_edit *edit) {
    size_t old = 0, new = 0;
    for (size_t i = 0; i <= edit->n_ranges; i++) {
        const struct edit_range end = {length, length, edit->after.length, edit->after.length};
        const struct edit_range *range = i < edit->n_ranges ? &edit->ranges[i] : &end;
        if (range->old_begin < old || range->old_end < range->old_begin ||
            range->old_end > length || range->new_begin < new ||
            range->new_end < range->new_begin || range->new_end > edit->after.length)
            abort();
        size_t same = range->old_begin - old;
        if (range->new_begin - new != same ||
            (same > 0 && memcmp(bytes + old, edit->after.data + new, same) != 0))
            abort();
        old = range->old_end;
        new = range->new_end;
    }
}

#endif
