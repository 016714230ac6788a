/* Which journals there are. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "output/digits.h"
#include "output/journal_line.h"
#include "output/storage.h"

static bool read_name(const char *name, struct journal_id *id) {
    static const char prefix[] = JOURNAL_NAME;
    uint64_t epoch, rank;
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return false;
    name += sizeof prefix - 1;
    if (!digits_after(&name, '.', UINT_MAX, &epoch) || !digits_after(&name, '.', INT_MAX, &rank))
        return false;
    *id = (struct journal_id){(unsigned)epoch, (int)rank};
    return *name == '\0';
}

static int by_epoch(const void *a, const void *b) {
    const struct journal_id *left = a, *right = b;
    if (left->epoch != right->epoch)
        return left->epoch < right->epoch ? -1 : 1;
    return left->rank < right->rank ? -1 : left->rank > right->rank;
}

static enum status list(DIR *stream, const struct location *location, struct journal_id **ids,
                        size_t *count) {
    enum status status;
    const struct dirent *entry;
    size_t capacity = 0;
    for (;;) {
        struct journal_id id;
        TRY(below_next(stream, location, &entry));
        if (!entry)
            break;
        if (!read_name(entry->d_name, &id))
            continue;
        TRY(memory_reserve(ids, &capacity, *count + 1, sizeof **ids));
        (*ids)[(*count)++] = id;
    }
out:
    return status;
}

enum status journal_list(const char *output, struct journal_id **ids, size_t *count) {
    enum status status;
    struct work_folder work;
    DIR *stream = NULL;
    *ids = NULL;
    *count = 0;
    TRY(work_folder_open(output, false, &work));
    if (work.folder < 0)
        goto out;
    struct location location = work_location(&work, ".");
    int error = below_stream(&location, &stream);
    status = error == 0 ? list(stream, &location, ids, count)
                        : storage_failed(error, &location, "cannot read the folder");
    if (status == STATUS_OK && *count)
        qsort(*ids, *count, sizeof **ids, by_epoch);
out:
    if (stream)
        closedir(stream);
    work_folder_close(&work);
    if (status != STATUS_OK) {
        free(*ids);
        *ids = NULL;
        *count = 0;
    }
    return status;
}
