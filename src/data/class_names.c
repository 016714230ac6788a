/* A list of class names, to be matched with another. */
#include "data/class_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static char fold_letter(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_space(char c) {
    return c == ' ' || c == '_' || c == '\t';
}

/* Lower case; runs of spaces and '_' become one space; none at either end. */
static void fold(char *name) {
    char *to = name;
    for (const char *from = name; *from; from++)
        if (!is_space(*from))
            *to++ = fold_letter(*from);
        else if (to > name && to[-1] != ' ')
            *to++ = ' ';
    if (to > name && to[-1] == ' ')
        to--;
    *to = '\0';
}

void class_side_free(struct class_side *side) {
    for (size_t i = 0; side->keys && i < side->count; i++)
        free(side->keys[i].folded);
    free(side->keys);
}

enum status class_side_make(const char *const *names, size_t count, struct class_side *side) {
    enum status status;
    TRY(memory_zeroed(count, sizeof *side->keys, &side->keys));
    side->count = count;
    for (size_t i = 0; i < count; i++) {
        side->keys[i].name = names[i];
        side->keys[i].number = i;
        TRY(memory_string(names[i], &side->keys[i].folded));
        fold(side->keys[i].folded);
    }
out:
    return status;
}

bool class_side_is_generic(const struct class_side *side) {
    for (size_t i = 0; i < side->count; i++) {
        const char *name = side->keys[i].folded;
        if (strncmp(name, "class", 5) != 0)
            return false;
        name += 5 + (name[5] == ' ');
        char *end;
        if (*name < '0' || *name > '9' || strtoull(name, &end, 10) != i || *end)
            return false;
    }
    return side->count > 0;
}

static int compare_keys(const void *a, const void *b) {
    const struct class_key *left = a, *right = b;
    int order = strcmp(left->folded, right->folded);
    if (order == 0)
        order = strcmp(left->name, right->name);
    return order ? order : (left->number > right->number) - (left->number < right->number);
}

size_t class_side_group(const struct class_side *side, size_t first, size_t *lowest) {
    size_t at = first;
    *lowest = side->keys[first].number;
    for (; at < side->count && strcmp(side->keys[at].folded, side->keys[first].folded) == 0; at++)
        *lowest = side->keys[at].number < *lowest ? side->keys[at].number : *lowest;
    return at - first;
}

void class_side_sort(struct class_side *side) {
    qsort(side->keys, side->count, sizeof *side->keys, compare_keys);
}
