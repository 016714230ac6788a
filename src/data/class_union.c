/* The classes of several models as one list, by name. */
#include "data/class_union.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/class_names.h"

#define NO_NUMBER UINT32_MAX

static enum status append(struct class_union *all, size_t *capacity, const char *name) {
    enum status status;
    if (all->count == INT32_MAX)
        return FAIL(STATUS_BAD_INPUT, "the models have too many classes");
    TRY(memory_reserve(&all->names, capacity, all->count + 1, sizeof *all->names));
    TRY(memory_string(name, &all->names[all->count]));
    all->count++;
out:
    return status;
}

/* Numbers the classes of `list` whose names are known already. */
static void match_names(struct class_side *known, struct class_side *list, uint32_t *numbers) {
    class_side_sort(known);
    class_side_sort(list);
    size_t i = 0, j = 0, lowest;
    while (i < known->count && j < list->count) {
        int order = strcmp(known->keys[i].folded, list->keys[j].folded);
        size_t n = class_side_group(known, i, &lowest), m = class_side_group(list, j, &lowest);
        for (size_t k = 0; order == 0 && k < n && k < m; k++)
            numbers[list->keys[j + k].number] = (uint32_t)known->keys[i + k].number;
        i += order <= 0 ? n : 0;
        j += order >= 0 ? m : 0;
    }
}

/* The names of the list, where those that are known are none. */
static enum status take_names(struct class_union *all, const struct class_list *list) {
    enum status status = STATUS_OK;
    for (size_t k = 0; k < list->count; k++) {
        char *name;
        TRY(memory_string(list->names[k], &name));
        free(all->names[k]);
        all->names[k] = name;
    }
out:
    return status;
}

static enum status number_classes(struct class_union *all, size_t *capacity,
                                  const struct class_list *list, uint32_t *numbers) {
    enum status status;
    struct class_side known = {0}, other = {0};
    TRY(class_side_make((const char *const *)all->names, all->count, &known));
    TRY(class_side_make(list->names, list->count, &other));
    bool known_nameless = class_side_is_generic(&known);
    bool other_nameless = class_side_is_generic(&other);
    if (all->count > 0 && known_nameless != other_nameless) {
        if (all->count != list->count)
            TRY(FAIL(STATUS_BAD_INPUT,
                     "one of the models has no class names of its own, and the numbers of classes "
                     "differ: %zu and %zu",
                     all->count, list->count));
        for (size_t k = 0; k < list->count; k++)
            numbers[k] = (uint32_t)k;
        if (known_nameless)
            TRY(take_names(all, list));
    } else {
        match_names(&known, &other, numbers);
    }
    for (size_t k = 0; k < list->count; k++) {
        if (numbers[k] != NO_NUMBER)
            continue;
        numbers[k] = (uint32_t)all->count;
        TRY(append(all, capacity, list->names[k]));
    }
out:
    class_side_free(&known);
    class_side_free(&other);
    return status;
}

/* Lists that have all classes in the same order need no numbers. */
static void drop_same(struct class_union *all, const struct class_list *lists) {
    for (size_t i = 0; i < all->n_lists; i++) {
        bool same = lists[i].count == all->count;
        for (size_t k = 0; same && k < all->count; k++)
            same = all->numbers[i][k] == k;
        if (!same)
            continue;
        free(all->numbers[i]);
        all->numbers[i] = NULL;
    }
}

enum status class_union_make(const struct class_list *lists, size_t n_lists,
                             struct class_union *out) {
    enum status status;
    size_t capacity = 0;
    *out = (struct class_union){0};
    TRY(memory_zeroed(n_lists, sizeof *out->numbers, &out->numbers));
    out->n_lists = n_lists;
    for (size_t i = 0; i < n_lists; i++) {
        TRY(memory_zeroed(lists[i].count, sizeof **out->numbers, &out->numbers[i]));
        memset(out->numbers[i], 0xff, lists[i].count * sizeof **out->numbers);
        TRY(number_classes(out, &capacity, &lists[i], out->numbers[i]));
    }
    drop_same(out, lists);
out:
    return status;
}

void class_union_free(struct class_union *classes) {
    for (size_t i = 0; i < classes->count; i++)
        free(classes->names[i]);
    for (size_t i = 0; classes->numbers && i < classes->n_lists; i++)
        free(classes->numbers[i]);
    free(classes->names);
    free(classes->numbers);
    *classes = (struct class_union){0};
}
