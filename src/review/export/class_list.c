/* The classes that an export names. */
#include "review/export/class_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void class_list_begin(const struct run_results *results, struct class_list *list) {
    *list = (struct class_list){.n_names = results->n_classes, .names = results->names};
}

void class_list_free(struct class_list *list) {
    for (size_t i = 0; i < list->n_others; i++)
        free(list->others[i].name);
    free(list->others);
    *list = (struct class_list){0};
}

enum status class_list_note(struct class_list *list, int64_t number, const char *name) {
    enum status status = STATUS_OK;
    size_t at = 0, end = list->n_others;
    if (number >= 0 && (uint64_t)number < list->n_names)
        return STATUS_OK;
    while (at < end) {
        size_t middle = at + (end - at) / 2;
        if (list->others[middle].number < number)
            at = middle + 1;
        else
            end = middle;
    }
    if (at < list->n_others && list->others[at].number == number)
        return STATUS_OK;
    TRY(memory_reserve(&list->others, &list->others_capacity, list->n_others + 1,
                       sizeof *list->others));
    char *copy;
    TRY(memory_string(name, &copy));
    memmove(&list->others[at + 1], &list->others[at], (list->n_others - at) * sizeof *list->others);
    list->others[at] = (struct class_other){number, copy};
    list->n_others++;
out:
    return status;
}

size_t class_list_count(const struct class_list *list) {
    return list->n_names + list->n_others;
}

int64_t class_list_number(const struct class_list *list, size_t at) {
    return at < list->n_names ? (int64_t)at : list->others[at - list->n_names].number;
}

const char *class_list_name(const struct class_list *list, size_t at) {
    return at < list->n_names ? list->names[at] : list->others[at - list->n_names].name;
}

struct named {
    const char *name;
    size_t at;
};

static int compare_named(const void *a, const void *b) {
    const struct named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

enum status class_list_write(const struct class_list *list, class_list_each *each,
                             struct text *text) {
    enum status status;
    struct named *named = NULL;
    bool *again = NULL, first = true;
    size_t count = class_list_count(list);
    TRY(memory_zeroed(count, sizeof *named, &named));
    TRY(memory_zeroed(count, sizeof *again, &again));
    for (size_t i = 0; i < count; i++)
        named[i] = (struct named){class_list_name(list, i), i};
    qsort(named, count, sizeof *named, compare_named);
    for (size_t i = 1; i < count; i++)
        again[named[i].at] = strcmp(named[i].name, named[i - 1].name) == 0;
    for (size_t i = 0; i < count; i++) {
        if (!again[i]) {
            each(text, class_list_name(list, i), first);
            first = false;
        }
    }
    status = text_status(text);
out:
    free(named);
    free(again);
    return status;
}
