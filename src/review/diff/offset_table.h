/* Where lines of a file begin, found by a fingerprint of what they are of: 16 bytes a line, and
 * room. Several may have the same key. */
#ifndef VERIFY_REVIEW_DIFF_OFFSET_TABLE_H
#define VERIFY_REVIEW_DIFF_OFFSET_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Zeroed at first. */
struct offset_table {
    size_t count, capacity; /* capacity: 0 or a power of two */
    struct offset_slot {
        uint64_t key, offset;
    } * slots; /* owned */
};

/* Behind the last slot. */
#define OFFSET_NONE SIZE_MAX

/* Offsets are below UINT64_MAX. */
enum status offset_table_add(struct offset_table *table, uint64_t key, uint64_t offset);
/* The first slot of a key, and the next one behind a slot of it; OFFSET_NONE. */
size_t offset_table_find(const struct offset_table *table, uint64_t key);
size_t offset_table_again(const struct offset_table *table, size_t slot);
/* No slot that was found before is valid any more. */
void offset_table_remove(struct offset_table *table, size_t slot);
void offset_table_free(struct offset_table *table);

/* Empties the table into a list of its offsets, ascending; *offsets is the caller's. */
enum status offset_table_list(struct offset_table *table, uint64_t **offsets, size_t *count);

#endif
