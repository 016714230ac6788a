/* A hash set of indices into something the caller keeps: 8 bytes a slot, at most 3/4 of them used.
 */
#ifndef VERIFY_DATA_INDEX_SET_H
#define VERIFY_DATA_INDEX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define INDEX_SET_NONE SIZE_MAX

struct index_set {
    uint64_t *slots; /* hash in the upper half, index + 1 in the lower, 0 where free; owned */
    size_t n_slots;  /* a power of two, or 0 */
    size_t count;
};

/* Start with a zeroed struct. */
void index_set_free(struct index_set *set);

/* Makes room for `count` indices in all. */
enum status index_set_reserve(struct index_set *set, size_t count);

/* FNV-1a with a final mix. */
uint32_t index_set_hash(const void *bytes, size_t length);

/* Whether the thing of that index equals the key. */
typedef bool index_set_equal(const void *context, size_t index, const void *key);

/* The index of the thing that equals `key`, or INDEX_SET_NONE. */
size_t index_set_find(const struct index_set *set, uint32_t hash, index_set_equal *equal,
                      const void *context, const void *key);

/* Adds an index (below 2^32 - 1) of a thing that is not in the set yet. */
enum status index_set_add(struct index_set *set, uint32_t hash, size_t index);

#endif
