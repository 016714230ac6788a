/* Asking what a pickle's values hold. */
#include <string.h>

#include "model/torch/pickle_values.h"

const struct pickled *pickle_root(const struct pickle *pickle) {
    return pickle->root;
}

size_t pickle_length(const struct pickle *pickle) {
    return pickle->length;
}

size_t pickle_globals(const struct pickle *pickle, const struct pickled *const **list) {
    *list = (const struct pickled *const *)pickle->globals.values;
    return pickle->globals.count;
}

size_t pickle_references(const struct pickle *pickle, const struct pickled *const **list) {
    *list = (const struct pickled *const *)pickle->references.values;
    return pickle->references.count;
}

bool pickled_is(const struct pickled *value, const char *text) {
    return value != NULL && value->kind == PICKLED_TEXT && value->length == strlen(text) &&
           memcmp(value->text, text, value->length) == 0;
}

static const struct pickled *find(const struct pickled *pairs, const char *key) {
    for (size_t i = pairs->n_items / 2; i-- > 0;)
        if (pickled_is(pairs->items[2 * i], key))
            return pairs->items[2 * i + 1];
    return NULL;
}

const struct pickled *pickled_get(const struct pickled *value, const char *key) {
    if (value == NULL || (value->kind != PICKLED_DICT && value->kind != PICKLED_OBJECT))
        return NULL;
    const struct pickled *found = find(value, key), *state = value->state;
    if (found != NULL || state == NULL || value->kind == PICKLED_DICT)
        return found;
    if (state->kind == PICKLED_DICT)
        return find(state, key);
    for (size_t i = 0; state->kind == PICKLED_TUPLE && state->n_items == 2 && i < 2; i++)
        if (found == NULL && state->items[i]->kind == PICKLED_DICT)
            found = find(state->items[i], key);
    return found;
}

const char *pickled_class(const struct pickled *value) {
    if (value != NULL && value->kind == PICKLED_OBJECT)
        value = value->class;
    return value != NULL && value->kind == PICKLED_GLOBAL ? value->text : "";
}
