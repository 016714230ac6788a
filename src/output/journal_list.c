#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "output/digits.h"
#include "output/journal.h"
#include "output/place.h"
#include "output/storage.h"

static bool read_name(const char *name, struct journal_id *id) {
    static const char prefix[] = "journal";
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
    char path[PATH_MAX];
    struct spot spot = {AT_FDCWD, NULL, path};
    *ids = NULL;
    *count = 0;
    int length = snprintf(path, sizeof path, "%s/" WORK_FOLDER, output);
    if (length < 0 || length >= PATH_MAX)
        return FAIL(STATUS_BAD_INPUT, "--output %.1000s: the path is too long", output);
    DIR *stream = opendir(path);
    if (!stream)
        return errno == ENOENT ? STATUS_OK : storage_failed(errno, &spot, "cannot read the folder");
    enum status status = list(stream, &spot, ids, count);
    closedir(stream);
    if (status == STATUS_OK && *count)
        qsort(*ids, *count, sizeof **ids, by_epoch);
    else if (status != STATUS_OK) {
        free(*ids);
        *ids = NULL;
        *count = 0;
    }
    return status;
}
