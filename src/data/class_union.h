/* The classes of several models as one list, by name. */
#ifndef VERIFY_DATA_CLASS_UNION_H
#define VERIFY_DATA_CLASS_UNION_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct class_list {
    size_t count;
    const char *const *names;
};

struct class_union {
    size_t count;
    char **names; /* [count]; owned */
    size_t n_lists;
    uint32_t **numbers; /* [n_lists], of each class of a list its number here, all different; NULL:
                           the same classes; owned */
};

/* The first list's classes, then what each other one adds, in its order. Names are alike as in
 * class_map_make. Of equal names within a list each is a class of its own: the first goes with the
 * first of another list. A list of nameless classes goes with one of as many by number;
 * STATUS_BAD_INPUT where the other has names and not as many. At least one list. On failure, too,
 * class_union_free must be called. */
enum status class_union_make(const struct class_list *lists, size_t n_lists,
                             struct class_union *out);
void class_union_free(struct class_union *classes);

#endif
