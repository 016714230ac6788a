/* What was announced, and came to no end. */
#include <stdlib.h>

#include "base/memory.h"
#include "output/journal_scan.h"

struct offsets {
    size_t count, capacity;
    uint64_t *items; /* owned */
};

static enum status keep_offset(void *context, const struct journal_line *line) {
    struct offsets *offsets = context;
    const struct journal_text *placed = &line->texts[JOURNAL_PLACED];
    if (placed->length == 0)
        return STATUS_OK;
    enum status status = memory_reserve(&offsets->items, &offsets->capacity, offsets->count + 1,
                                        sizeof *offsets->items);
    if (status == STATUS_OK)
        offsets->items[offsets->count++] = placed->offset;
    return status;
}

static int by_value(const void *a, const void *b) {
    const uint64_t *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

struct giving {
    const struct offsets *done;
    manifest_each *each;
    void *context;
};

static enum status give(void *context, uint64_t offset, const struct manifest_entry *entry) {
    const struct giving *giving = context;
    const struct offsets *done = giving->done;
    bool is_done =
        done->count && bsearch(&offset, done->items, done->count, sizeof offset, by_value);
    return is_done ? STATUS_OK : giving->each(giving->context, entry);
}

enum status journal_leftovers(const char *output, struct journal_id id, manifest_each *each,
                              void *context) {
    enum status status;
    struct offsets done = {0};
    struct giving giving = {&done, each, context};
    struct work_folder work = {.output = -1, .folder = -1};
    char name[JOURNAL_NAME_BYTES];
    TRY(journal_read(output, id, keep_offset, &done));
    if (done.count)
        qsort(done.items, done.count, sizeof *done.items, by_value);
    TRY(work_folder_open(output, false, &work));
    journal_file_name(journal_stream_name(JOURNAL_PLACED), id, name);
    struct spot spot = work_spot(&work, name);
    TRY(manifest_lines(&spot, give, &giving));
out:
    work_folder_close(&work);
    free(done.items);
    return status;
}
