/* Inside the pickle machine: making values within a limit of memory. */
#ifndef VERIFY_MODEL_PICKLE_VALUES_H
#define VERIFY_MODEL_PICKLE_VALUES_H

#include "model/torch/pickle.h"

enum {
    PICKLE_MARKS = 4096,      /* most nested marks: Python itself gives up at 1000 levels */
    PICKLE_MEMO_SLACK = 4096, /* how far an index may lead beyond the entries that were made */
};

/* A growing array of values. */
struct pickled_list {
    size_t count, capacity;
    struct pickled **values;
};

struct pickle {
    struct pickle_block *blocks;
    size_t left; /* bytes that may still be taken */
    struct pickled *none, *truth[2];
    struct pickled_list stack, memo, globals, references;
    size_t n_marks;
    size_t marks[PICKLE_MARKS]; /* the stack's height at each mark */
    struct pickled *root;
    size_t length;
};

/* A zeroed value of this kind. */
enum status pickle_value(struct pickle *pickle, enum pickled_kind kind, struct pickled **out);
/* A value with a copy of the bytes as its text, cleaned where the kind is PICKLED_TEXT. */
enum status pickle_text(struct pickle *pickle, enum pickled_kind kind, const void *bytes,
                        size_t length, struct pickled **out);
/* Appends to a value's items; only for values all of whose items came so. */
enum status pickle_append(struct pickle *pickle, struct pickled *value,
                          const struct pickled *const *items, size_t count);
/* Gives a new value exactly these items. */
enum status pickle_set_items(struct pickle *pickle, struct pickled *value,
                             const struct pickled *const *items, size_t count);
/* Makes the list's capacity at least `needed`. */
enum status pickle_grow(struct pickle *pickle, struct pickled_list *list, size_t needed);
enum status pickle_push(struct pickle *pickle, struct pickled_list *list, struct pickled *value);
/* What calling `class` with the tuple makes: a dict or a set for Python's own, otherwise an
 * object. */
enum status pickle_construct(struct pickle *pickle, struct pickled *class,
                             struct pickled *arguments, struct pickled **out);

#endif
