/* A hash table with linear probing. */
#include "review/diff/offset_table.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"

enum { LEAST = 64 };
#define FREE UINT64_MAX

/* Fingerprints differ in all bits, but those of names that differ at their ends differ most in the
 * lower ones: the upper ones are mixed in. */
static size_t home_of(const struct offset_table *table, uint64_t key) {
    return (size_t)(key ^ key >> 32) & (table->capacity - 1);
}

static size_t next_of(const struct offset_table *table, size_t slot) {
    return (slot + 1) & (table->capacity - 1);
}

static void put(struct offset_table *table, uint64_t key, uint64_t offset) {
    size_t slot = home_of(table, key);
    while (table->slots[slot].offset != FREE)
        slot = next_of(table, slot);
    table->slots[slot] = (struct offset_slot){key, offset};
    table->count++;
}

static enum status grow(struct offset_table *table) {
    enum status status;
    struct offset_table larger = {.capacity = table->capacity ? 2 * table->capacity : LEAST};
    TRY(memory_zeroed(larger.capacity, sizeof *larger.slots, &larger.slots));
    for (size_t i = 0; i < larger.capacity; i++)
        larger.slots[i].offset = FREE;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].offset != FREE)
            put(&larger, table->slots[i].key, table->slots[i].offset);
    struct offset_slot *smaller = table->slots;
    table->slots = larger.slots;
    table->capacity = larger.capacity;
    free(smaller);
out:
    return status;
}

enum status offset_table_add(struct offset_table *table, uint64_t key, uint64_t offset) {
    enum status status = STATUS_OK;
    if (4 * (table->count + 1) > 3 * table->capacity)
        TRY(grow(table));
    put(table, key, offset);
out:
    return status;
}

static size_t find_from(const struct offset_table *table, uint64_t key, size_t slot) {
    while (table->slots[slot].offset != FREE) {
        if (table->slots[slot].key == key)
            return slot;
        slot = next_of(table, slot);
    }
    return OFFSET_NONE;
}

size_t offset_table_find(const struct offset_table *table, uint64_t key) {
    return table->count ? find_from(table, key, home_of(table, key)) : OFFSET_NONE;
}

size_t offset_table_again(const struct offset_table *table, size_t slot) {
    return find_from(table, table->slots[slot].key, next_of(table, slot));
}

/* Whether `home` lies cyclically behind `gap` and not behind `slot`: what is in `slot` must stay
 * there then, since its search begins behind the gap. */
static bool is_between(size_t gap, size_t home, size_t slot) {
    return gap <= slot ? gap < home && home <= slot : gap < home || home <= slot;
}

void offset_table_remove(struct offset_table *table, size_t slot) {
    size_t gap = slot;
    for (size_t at = next_of(table, slot); table->slots[at].offset != FREE;
         at = next_of(table, at)) {
        if (is_between(gap, home_of(table, table->slots[at].key), at))
            continue;
        table->slots[gap] = table->slots[at];
        gap = at;
    }
    table->slots[gap].offset = FREE;
    table->count--;
}

void offset_table_free(struct offset_table *table) {
    free(table->slots);
    *table = (struct offset_table){0};
}

static int compare(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

enum status offset_table_list(struct offset_table *table, uint64_t **offsets, size_t *count) {
    enum status status;
    size_t n = 0;
    *count = 0;
    TRY(memory_zeroed(table->count, sizeof **offsets, offsets));
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].offset != FREE)
            (*offsets)[n++] = table->slots[i].offset;
    qsort(*offsets, n, sizeof **offsets, compare);
    *count = n;
    offset_table_free(table);
out:
    return status;
}
