/* A hash set of indices. */
#include "data/index_set.h"

#include <stdlib.h>

#include "base/fingerprint.h"
#include "base/memory.h"

void index_set_free(struct index_set *set) {
    free(set->slots);
    *set = (struct index_set){0};
}

static void insert(uint64_t *slots, size_t n_slots, uint64_t entry) {
    size_t at = (size_t)(entry >> 32) & (n_slots - 1);
    while (slots[at])
        at = (at + 1) & (n_slots - 1);
    slots[at] = entry;
}

enum status index_set_reserve(struct index_set *set, size_t count) {
    if (count >= UINT32_MAX)
        return FAIL(STATUS_FAILED, "too many entries: %zu", count);
    size_t n_slots = set->n_slots ? set->n_slots : 64;
    while (n_slots / 4 * 3 < count)
        n_slots *= 2;
    if (n_slots == set->n_slots)
        return STATUS_OK;
    uint64_t *slots;
    enum status status = memory_zeroed(n_slots, sizeof *slots, &slots);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < set->n_slots; i++)
        if (set->slots[i])
            insert(slots, n_slots, set->slots[i]);
    free(set->slots);
    set->slots = slots;
    set->n_slots = n_slots;
    return STATUS_OK;
}

uint32_t index_set_hash(const void *bytes, size_t length) {
    uint64_t hash = fingerprint_bytes(FINGERPRINT_START, bytes, length);
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    return (uint32_t)(hash >> 32);
}

size_t index_set_find(const struct index_set *set, uint32_t hash, index_set_equal *equal,
                      const void *context, const void *key) {
    if (set->n_slots == 0)
        return INDEX_SET_NONE;
    for (size_t at = hash & (set->n_slots - 1); set->slots[at]; at = (at + 1) & (set->n_slots - 1))
        if (set->slots[at] >> 32 == hash) {
            size_t index = (size_t)(set->slots[at] & UINT32_MAX) - 1;
            if (equal(context, index, key))
                return index;
        }
    return INDEX_SET_NONE;
}

enum status index_set_add(struct index_set *set, uint32_t hash, size_t index) {
    enum status status;
    if (index >= UINT32_MAX - 1)
        return FAIL(STATUS_FAILED, "too many entries: %zu", index);
    TRY(index_set_reserve(set, set->count + 1));
    insert(set->slots, set->n_slots, (uint64_t)hash << 32 | (uint64_t)(index + 1));
    set->count++;
out:
    return status;
}
