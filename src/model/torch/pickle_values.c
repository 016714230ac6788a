/* The memory of a pickle's values: blocks that grow up to a limit and are freed as one. */
#include "model/torch/pickle_values.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 << 10, ALIGNMENT = _Alignof(max_align_t), FEWEST_ITEMS = 4 };

struct pickle_block {
    struct pickle_block *next;
    size_t used, size;
    max_align_t memory[];
};

static enum status charge(struct pickle *pickle, size_t bytes) {
    if (bytes > pickle->left)
        return FAIL(STATUS_BAD_INPUT, "it holds more values than any model needs");
    pickle->left -= bytes;
    return STATUS_OK;
}

static enum status take(struct pickle *pickle, size_t bytes, void *out) {
    struct pickle_block *block = pickle->blocks;
    enum status status;
    if (bytes > SIZE_MAX / 2) {
        status = FAIL(STATUS_BAD_INPUT, "it holds more values than any model needs");
        goto out;
    }
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (block == NULL || block->size - block->used < bytes) {
        size_t size = bytes > BLOCK / 4 ? bytes : BLOCK;
        TRY(charge(pickle, size + sizeof *block));
        block = malloc(sizeof *block + size);
        if (block == NULL) {
            status = FAIL(STATUS_FAILED, "out of memory: %zu bytes", size);
            goto out;
        }
        *block = (struct pickle_block){.size = size};
        /* A large piece has a block of its own, behind the one that is being filled. */
        if (size != BLOCK && pickle->blocks != NULL) {
            block->next = pickle->blocks->next;
            pickle->blocks->next = block;
        } else {
            block->next = pickle->blocks;
            pickle->blocks = block;
        }
    }
    void *memory = (char *)block->memory + block->used;
    block->used += bytes;
    memcpy(out, &memory, sizeof memory);
    return STATUS_OK;
out:
    return status;
}

enum status pickle_value(struct pickle *pickle, enum pickled_kind kind, struct pickled **out) {
    enum status status = take(pickle, sizeof **out, out);
    if (status == STATUS_OK)
        **out = (struct pickled){.kind = kind};
    return status;
}

enum status pickle_text(struct pickle *pickle, enum pickled_kind kind, const void *bytes,
                        size_t length, struct pickled **out) {
    enum status status;
    char *text;
    TRY(pickle_value(pickle, kind, out));
    TRY(take(pickle, length + 1, &text));
    memcpy(text, bytes, length);
    text[length] = '\0';
    for (size_t i = 0; kind == PICKLED_TEXT && i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            text[i] = '?';
    (*out)->text = text;
    (*out)->length = length;
out:
    return status;
}

/* The room of an array that was appended to: a power of two, so that none need be stored. */
static size_t item_room(size_t count) {
    size_t room = count == 0 ? 0 : FEWEST_ITEMS;
    while (room < count)
        room *= 2;
    return room;
}

enum status pickle_append(struct pickle *pickle, struct pickled *value,
                          const struct pickled *const *items, size_t count) {
    enum status status = STATUS_OK;
    const struct pickled **grown;
    if (count == 0)
        return STATUS_OK;
    if (value->n_items + count > item_room(value->n_items)) {
        TRY(take(pickle, item_room(value->n_items + count) * sizeof(void *), &grown));
        if (value->n_items > 0)
            memcpy(grown, value->items, value->n_items * sizeof(void *));
        value->items = grown;
    }
    memcpy(value->items + value->n_items, items, count * sizeof(void *));
    value->n_items += count;
out:
    return status;
}

enum status pickle_set_items(struct pickle *pickle, struct pickled *value,
                             const struct pickled *const *items, size_t count) {
    enum status status = take(pickle, count * sizeof(void *), &value->items);
    if (status == STATUS_OK && count > 0)
        memcpy(value->items, items, count * sizeof(void *));
    if (status == STATUS_OK)
        value->n_items = count;
    return status;
}

enum status pickle_grow(struct pickle *pickle, struct pickled_list *list, size_t needed) {
    enum status status = STATUS_OK;
    if (needed <= list->capacity)
        return STATUS_OK;
    size_t capacity = list->capacity ? list->capacity : 256;
    while (capacity < needed)
        capacity *= 2;
    TRY(charge(pickle, (capacity - list->capacity) * sizeof(void *)));
    void *moved = reallocarray(list->values, capacity, sizeof(void *));
    if (moved == NULL) {
        status = FAIL(STATUS_FAILED, "out of memory: %zu values", capacity);
        goto out;
    }
    list->values = moved;
    list->capacity = capacity;
out:
    return status;
}

enum status pickle_push(struct pickle *pickle, struct pickled_list *list, struct pickled *value) {
    enum status status = pickle_grow(pickle, list, list->count + 1);
    if (status == STATUS_OK)
        list->values[list->count++] = value;
    return status;
}

static bool is_sequence(const struct pickled *value) {
    return value->kind == PICKLED_LIST || value->kind == PICKLED_TUPLE ||
           value->kind == PICKLED_SET;
}

static bool is_list_of_pairs(const struct pickled *value) {
    if (!is_sequence(value))
        return false;
    for (size_t i = 0; i < value->n_items; i++)
        if (!is_sequence(value->items[i]) || value->items[i]->n_items != 2)
            return false;
    return true;
}

static bool is_set_class(const char *name) {
    const char *const names[] = {"builtins.set", "builtins.frozenset", "__builtin__.set",
                                 "__builtin__.frozenset"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

enum status pickle_construct(struct pickle *pickle, struct pickled *class,
                             struct pickled *arguments, struct pickled **out) {
    enum status status;
    const struct pickled *first = arguments->n_items == 1 ? arguments->items[0] : NULL;
    const bool empty = arguments->n_items == 0;
    if (strcmp(class->text, "collections.OrderedDict") == 0 &&
        (empty || (first != NULL && is_list_of_pairs(first)))) {
        TRY(pickle_value(pickle, PICKLED_DICT, out));
        for (size_t i = 0; first != NULL && i < first->n_items; i++)
            TRY(pickle_append(pickle, *out, first->items[i]->items, 2));
    } else if (is_set_class(class->text) && (empty || (first != NULL && is_sequence(first)))) {
        TRY(pickle_value(pickle, PICKLED_SET, out));
        if (first != NULL)
            TRY(pickle_append(pickle, *out, first->items, first->n_items));
    } else {
        TRY(pickle_value(pickle, PICKLED_OBJECT, out));
        (*out)->class = class;
        (*out)->arguments = arguments;
    }
out:
    return status;
}

void pickle_free(struct pickle *pickle) {
    if (pickle == NULL)
        return;
    for (struct pickle_block *block = pickle->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(pickle->stack.values);
    free(pickle->memo.values);
    free(pickle->globals.values);
    free(pickle->references.values);
    free(pickle);
}
