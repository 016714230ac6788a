/* Records go by in step. One whose other half is not there yet is remembered by the fingerprint of
 * its image's name, and read again when that comes. */
#include "review/diff/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "review/diff/offset_table.h"

struct side {
    struct record_reader *reader, *again; /* in order; of what has gone by */
    const struct record *record;          /* read and not yet dealt with */
    bool ended;
    struct offset_table waiting;
    uint64_t *only; /* where the records of images begin that the other run has not; owned */
    size_t n_only;
};

struct pairs {
    struct side sides[RUN_SIDES];
};

enum status pairs_open(const char *const outputs[RUN_SIDES], struct pairs **out) {
    enum status status;
    struct pairs *pairs = NULL;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *pairs, &pairs));
    for (int i = 0; i < RUN_SIDES; i++) {
        TRY(records_open(outputs[i], 0, 1, &pairs->sides[i].reader));
        TRY(records_open(outputs[i], 0, 1, &pairs->sides[i].again));
    }
    *out = pairs;
    pairs = NULL;
out:
    pairs_close(pairs);
    return status;
}

void pairs_close(struct pairs *pairs) {
    if (!pairs)
        return;
    for (int i = 0; i < RUN_SIDES; i++) {
        records_close(pairs->sides[i].reader);
        records_close(pairs->sides[i].again);
        offset_table_free(&pairs->sides[i].waiting);
        free(pairs->sides[i].only);
    }
    free(pairs);
}

static enum status read_at(struct side *side, uint64_t offset, const struct record **record) {
    enum status status;
    TRY(records_seek(side->again, offset));
    TRY(records_next(side->again, record));
    if (!*record)
        status = FAIL(STATUS_BAD_INPUT, "the records were changed while they were read");
out:
    return status;
}

static uint64_t key_of(const struct record *record) {
    return fingerprint_bytes(FINGERPRINT_START, record->image, strlen(record->image));
}

/* The record of this image that waits; NULL: none. It does not wait any more. */
static enum status take_waiting(struct side *side, const struct record *other, uint64_t key,
                                const struct record **record) {
    enum status status = STATUS_OK;
    *record = NULL;
    size_t slot = offset_table_find(&side->waiting, key);
    while (slot != OFFSET_NONE) {
        TRY(read_at(side, side->waiting.slots[slot].offset, record));
        if (strcmp((*record)->image, other->image) == 0) {
            offset_table_remove(&side->waiting, slot);
            return STATUS_OK;
        }
        slot = offset_table_again(&side->waiting, slot);
    }
    *record = NULL;
out:
    return status;
}

/* Of the record that this side has read: its other half, or NULL, and it waits. */
static enum status settle(struct pairs *pairs, enum run_side mine,
                          const struct record *records[RUN_SIDES]) {
    enum status status;
    struct side *side = &pairs->sides[mine], *other = &pairs->sides[!mine];
    const struct record *record = side->record;
    uint64_t key = key_of(record);
    side->record = NULL;
    records[mine] = NULL;
    TRY(take_waiting(other, record, key, &records[!mine]));
    if (records[!mine])
        records[mine] = record;
    else
        TRY(offset_table_add(&side->waiting, key, record->offset));
out:
    return status;
}

static enum status read_next(struct side *side) {
    enum status status = STATUS_OK;
    if (side->record || side->ended)
        return STATUS_OK;
    TRY(records_next(side->reader, &side->record));
    side->ended = side->record == NULL;
out:
    return status;
}

static enum status list_rest(struct pairs *pairs) {
    enum status status = STATUS_OK;
    for (int i = 0; i < RUN_SIDES; i++)
        if (!pairs->sides[i].only)
            TRY(offset_table_list(&pairs->sides[i].waiting, &pairs->sides[i].only,
                                  &pairs->sides[i].n_only));
out:
    return status;
}

enum status pairs_next(struct pairs *pairs, const struct record *records[RUN_SIDES]) {
    enum status status;
    struct side *old = &pairs->sides[RUN_OLD], *new = &pairs->sides[RUN_NEW];
    for (;;) {
        records[RUN_OLD] = records[RUN_NEW] = NULL;
        TRY(read_next(old));
        TRY(read_next(new));
        if (!old->record && !new->record)
            return list_rest(pairs);
        if (old->record && new->record && strcmp(old->record->image, new->record->image) == 0) {
            records[RUN_OLD] = old->record;
            records[RUN_NEW] = new->record;
            old->record = new->record = NULL;
            return STATUS_OK;
        }
        TRY(settle(pairs, old->record ? RUN_OLD : RUN_NEW, records));
        if (records[RUN_OLD])
            return STATUS_OK;
        if (new->record) {
            TRY(settle(pairs, RUN_NEW, records));
            if (records[RUN_NEW])
                return STATUS_OK;
        }
    }
out:
    return status;
}

size_t pairs_only_count(const struct pairs *pairs, enum run_side side) {
    return pairs->sides[side].n_only;
}

enum status pairs_only(struct pairs *pairs, enum run_side side, size_t at,
                       const struct record **record) {
    return read_at(&pairs->sides[side], pairs->sides[side].only[at], record);
}
