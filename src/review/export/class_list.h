/* The classes that an export names: those of the data set, and others that records have. */
#ifndef VERIFY_REVIEW_EXPORT_CLASS_LIST_H
#define VERIFY_REVIEW_EXPORT_CLASS_LIST_H

#include "review/run_results.h"

struct class_list {
    size_t n_names; /* of the data set, by number */
    const char *const *names;
    size_t n_others, others_capacity;
    struct class_other {
        int64_t number; /* ascending */
        char *name;     /* owned */
    } * others;
};

/* The names stay the results'. */
void class_list_begin(const struct run_results *results, struct class_list *list);
void class_list_free(struct class_list *list);
/* Notes a class of a record. */
enum status class_list_note(struct class_list *list, int64_t number, const char *name);

/* How many there are, and their numbers and names. */
size_t class_list_count(const struct class_list *list);
int64_t class_list_number(const struct class_list *list, size_t at);
const char *class_list_name(const struct class_list *list, size_t at);

/* Calls `each` for all of them in their order, but those whose name an earlier one has: tools know
 * a class by its name. */
typedef void class_list_each(struct text *text, const char *name, bool first);
enum status class_list_write(const struct class_list *list, class_list_each *each,
                             struct text *text);

#endif
