#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

static enum status list(DIR *stream, const struct spot *spot, struct journal_id **ids,
                        size_t *count) {
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry)
            return errno ? storage_failed(errno, spot, "cannot read the folder") : STATUS_OK;
        struct journal_id id;
        if (!read_name(entry->d_name, &id))
            continue;
        enum status status = memory_reserve(ids, &capacity, *count + 1, sizeof **ids);
        if (status != STATUS_OK)
            return status;
        (*ids)[(*count)++] = id;
    }
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
    struct spot spot = work_spot(&work, ".");
    stream = fdopendir(work.folder);
    if (!stream) {
        status = storage_failed(errno, &spot, "cannot read the folder");
        goto out;
    }
    work.folder = -1; /* the stream's */
    status = list(stream, &spot, ids, count);
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
