/* A part's files to where they belong by other thresholds. */
#include <stdlib.h>

#include "base/memory.h"
#include "review/rejudge/rejudge.h"

#define NEXT_MANIFEST MERGE_PREFIX MANIFEST

enum status rejudge_move(const struct rejudge *rejudge, const struct rejudge_part parts[2],
                         const struct mover *mover) {
    enum status status;
    struct manifest_part now = {0}, next = {0};
    TRY(manifest_part_open(rejudge->output, MANIFEST, parts, &now));
    TRY(manifest_part_open(rejudge->output, NEXT_MANIFEST, parts, &next));
    while (now.left) {
        if (rejudge->tick)
            rejudge->tick(rejudge->tick_context);
        TRY(manifest_part_next(&now));
        TRY(manifest_part_next(&next));
        const struct move move = {.to = next.entry.bucket,
                                  .search = rejudge->search,
                                  .shared = is_shared(rejudge, shared_name(&now.entry))};
        if (now.entry.bucket != move.to || move.search)
            TRY(mover_move(mover, &now.entry, &move));
    }
out:
    manifest_part_close(&now);
    manifest_part_close(&next);
    return status;
}

/* A label file that several images have, in a bucket that one of them is in. */
struct needed {
    uint64_t name;
    enum bucket bucket;
};

struct tidying {
    const struct rejudge *rejudge;
    const struct mover *mover;
    size_t n_needed, capacity;
    struct needed *needed; /* owned */
};

static int compare(const void *a, const void *b) {
    const struct needed *left = a, *right = b;
    if (left->name != right->name)
        return left->name < right->name ? -1 : 1;
    return (left->bucket > right->bucket) - (left->bucket < right->bucket);
}

static enum status find_needed(void *context, uint64_t offset, const struct manifest_entry *entry) {
    struct tidying *tidying = context;
    const struct needed needed = {shared_name(entry), entry->bucket};
    (void)offset;
    if (!entry->label.there || !is_shared(tidying->rejudge, needed.name))
        return STATUS_OK;
    enum status status = memory_reserve(&tidying->needed, &tidying->capacity, tidying->n_needed + 1,
                                        sizeof *tidying->needed);
    if (status == STATUS_OK)
        tidying->needed[tidying->n_needed++] = needed;
    return status;
}

/* Nothing goes but where one of them was. */
static enum status drop_unneeded(void *context, uint64_t offset,
                                 const struct manifest_entry *entry) {
    const struct tidying *tidying = context;
    enum status status = STATUS_OK;
    (void)offset;
    if (!entry->label.there || !is_shared(tidying->rejudge, shared_name(entry)))
        return STATUS_OK;
    for (int b = 0; b < BUCKET_FAILED; b++) {
        const struct needed key = {shared_name(entry), (enum bucket)b};
        if ((tidying->rejudge->search || b == (int)entry->bucket) &&
            !bsearch(&key, tidying->needed, tidying->n_needed, sizeof key, compare))
            TRY(mover_drop_label(tidying->mover, entry, (enum bucket)b));
    }
out:
    return status;
}

enum status rejudge_tidy(const struct rejudge *rejudge, const struct mover *mover) {
    enum status status;
    struct tidying tidying = {.rejudge = rejudge, .mover = mover};
    struct work_folder work;
    TRY(work_folder_open(rejudge->output, false, &work));
    if (rejudge->n_shared) {
        struct location next = work_location(&work, NEXT_MANIFEST);
        struct location now = work_location(&work, MANIFEST);
        TRY(manifest_lines(&next, find_needed, &tidying));
        if (tidying.n_needed)
            qsort(tidying.needed, tidying.n_needed, sizeof *tidying.needed, compare);
        TRY(manifest_lines(&now, drop_unneeded, &tidying));
    }
    mover_drop_empty(mover);
out:
    work_folder_close(&work);
    free(tidying.needed);
    return status;
}
