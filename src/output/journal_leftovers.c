/* What was announced, and came to no end. */
#include <fcntl.h>
#include <stdlib.h>

#include "base/memory.h"
#include "output/journal_scan.h"

struct offsets {
    size_t stream; /* of the manifest */
    size_t count, capacity;
    uint64_t *items; /* owned */
};

/* Whole lines, marked or not: what is behind the last mark is as good as the process that wrote it.
 */
static enum status keep_offset(void *context, const struct journal_item *item, uint64_t end,
                               bool *more) {
    struct offsets *offsets = context;
    const struct journal_text *placed = &item->line.texts[offsets->stream];
    (void)end;
    *more = true;
    if (item->is_mark || placed->length == 0)
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

struct filter {
    const struct offsets *done;
    manifest_each *each;
    void *context;
};

static enum status pass_unfinished(void *context, uint64_t offset,
                                   const struct manifest_entry *entry) {
    const struct filter *filter = context;
    const struct offsets *done = filter->done;
    bool is_done =
        done->count && bsearch(&offset, done->items, done->count, sizeof offset, by_value);
    return is_done ? STATUS_OK : filter->each(filter->context, entry);
}

enum status journal_leftovers(const char *output, struct journal_id id, manifest_each *each,
                              void *context) {
    enum status status;
    struct offsets done = {.stream = stream_of_manifest()};
    struct filter filter = {&done, each, context};
    struct journal_scan scan;
    char name[JOURNAL_NAME_BYTES];
    TRY(journal_scan_open(output, id, O_RDONLY, &scan));
    TRY(journal_scan_each(&scan, keep_offset, &done));
    if (done.count)
        qsort(done.items, done.count, sizeof *done.items, by_value);
    journal_file_name(stream_at(done.stream)->name, id, name);
    struct location location = work_location(&scan.work, name);
    TRY(manifest_lines(&location, pass_unfinished, &filter));
out:
    journal_scan_close(&scan);
    free(done.items);
    return status;
}
