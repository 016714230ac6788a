/* Keeps decisions, and matches them with the run's records. */
#include "review/apply/decision_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void decision_list_free(struct decision_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].text);
        free(list->items[i].points);
    }
    free(list->items);
    path_list_free(&list->names);
    index_set_free(&list->name_set);
    free(list->of_names);
    *list = (struct decision_list){0};
}

enum status decision_list_add(struct decision_list *list, const struct decision *decision) {
    enum status status;
    TRY(memory_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items));
    list->items[list->count++] = *decision;
out:
    return status;
}

/* ---------------------------------------------------------------- names */

static bool equal_name(const void *context, size_t index, const void *key) {
    return strcmp(path_list_get(context, index), key) == 0;
}

static size_t find(const struct decision_list *list, const char *name) {
    return index_set_find(&list->name_set, index_set_hash(name, strlen(name)), equal_name,
                          &list->names, name);
}

enum status decision_list_name(struct decision_list *list, const char *name, size_t *place) {
    enum status status = STATUS_OK;
    *place = find(list, name);
    if (*place != INDEX_SET_NONE)
        return STATUS_OK;
    TRY(memory_reserve(&list->of_names, &list->name_capacity, list->names.count + 1,
                       sizeof *list->of_names));
    TRY(path_list_add(&list->names, name));
    *place = list->names.count - 1;
    list->of_names[*place] = (struct decision_name){.label = SIZE_MAX};
    status = index_set_add(&list->name_set, index_set_hash(name, strlen(name)), *place);
out:
    return status;
}

enum status decision_list_note(struct decision_list *list, const char *image, const char *label) {
    enum status status = STATUS_OK;
    size_t of_image = find(list, image), of_label = find(list, label);
    if (of_label != INDEX_SET_NONE)
        list->of_names[of_label].is_label = true;
    if (of_image == INDEX_SET_NONE)
        return STATUS_OK;
    TRY(decision_list_name(list, label, &of_label));
    list->of_names[of_label].is_label = true;
    list->of_names[of_image].is_image = true;
    list->of_names[of_image].label = of_label;
out:
    return status;
}

/* ---------------------------------------------------------------- which file */

static const char *find_label(const struct decision_list *list, struct decision *decision) {
    const struct decision_name *names = list->of_names;
    if (decision->image != SIZE_MAX && !names[decision->image].is_image)
        return "the image is not of this run";
    if (decision->label != SIZE_MAX && !names[decision->label].is_label)
        return "the label file is not of this run";
    if (decision->image == SIZE_MAX)
        return NULL;
    if (decision->label == SIZE_MAX)
        decision->label = names[decision->image].label;
    return decision->label == names[decision->image].label ? NULL
                                                           : "the label file is not this image's";
}

/* What is of no file comes last. */
static int compare(const void *left, const void *right, void *context) {
    const struct decision *a = left, *b = right;
    const struct path_list *names = context;
    if (a->label != b->label)
        return a->label == SIZE_MAX ? 1
               : b->label == SIZE_MAX
                   ? -1
                   : strcmp(path_list_get(names, a->label), path_list_get(names, b->label));
    uint64_t line_a = a->line ? a->line : UINT64_MAX, line_b = b->line ? b->line : UINT64_MAX;
    if (line_a != line_b)
        return line_a < line_b ? -1 : 1;
    return (a->from > b->from) - (a->from < b->from);
}

void decision_list_settle(struct decision_list *list) {
    for (size_t i = 0; i < list->count; i++)
        if ((list->items[i].refused = find_label(list, &list->items[i])) != NULL)
            list->items[i].label = SIZE_MAX;
    if (list->count)
        qsort_r(list->items, list->count, sizeof *list->items, compare, &list->names);
}
