/* A list of class names, to be matched with another: ASCII case apart, and runs of spaces and '_'
 * the same. Internal to src/data. */
#ifndef VERIFY_DATA_CLASS_NAMES_H
#define VERIFY_DATA_CLASS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct class_key {
    char *folded; /* owned */
    const char *name;
    size_t number;
};

/* One side's classes. */
struct class_side {
    struct class_key *keys; /* owned */
    size_t count;
};

/* In the order of their numbers. The names stay the caller's. On failure, too, it is to be freed.
 */
enum status class_side_make(const char *const *names, size_t count, struct class_side *side);
void class_side_free(struct class_side *side);

/* Orders them by their folded names, equal ones by what is written, then by their numbers. */
void class_side_sort(struct class_side *side);
/* Of a sorted side, the keys from `first` on with the same folded name: how many, and the lowest
 * class number. */
size_t class_side_group(const struct class_side *side, size_t first, size_t *lowest);

/* Whether all are "class0", "class 1", "Class_2": what nameless classes are called. Before they are
 * sorted. */
bool class_side_is_generic(const struct class_side *side);

#endif
