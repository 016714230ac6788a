/* The order of packed paths: sorting, and paths that are there twice. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/index_set.h"
#include "data/packed_paths.h"

/* ---------------------------------------------------------------- sorting */

/* Runs of paths that do not fall, which are merged two and two. */
struct sorting {
    struct packed_reader left, right; /* of the list as it is */
    struct packed_paths merged;
    size_t n_runs, capacity;
    size_t *ends; /* of the runs; owned */
};

static enum status end_run(struct sorting *sorting, size_t end) {
    enum status status = memory_reserve(&sorting->ends, &sorting->capacity, sorting->n_runs + 1,
                                        sizeof *sorting->ends);
    if (status == STATUS_OK)
        sorting->ends[sorting->n_runs++] = end;
    return status;
}

static enum status find_runs(const struct packed_paths *paths, struct sorting *sorting) {
    enum status status = STATUS_OK;
    struct packed_reader before = {.paths = paths}, reader = {.paths = paths};
    const char *last, *path;
    for (size_t i = 1; i < paths->count; i++) {
        TRY(packed_reader_get(&before, i - 1, &last));
        TRY(packed_reader_get(&reader, i, &path));
        if (strcmp(last, path) > 0)
            TRY(end_run(sorting, i));
    }
    TRY(end_run(sorting, paths->count));
out:
    packed_reader_free(&before);
    packed_reader_free(&reader);
    return status;
}

/* Adds the paths of two neighbouring runs; of equal ones the left one is first. */
static enum status merge_two(struct sorting *sorting, size_t begin, size_t middle, size_t end) {
    enum status status = STATUS_OK;
    size_t i = begin, j = middle;
    const char *left = "", *right = "";
    while (i < middle || j < end) {
        if (i < middle)
            TRY(packed_reader_get(&sorting->left, i, &left));
        if (j < end)
            TRY(packed_reader_get(&sorting->right, j, &right));
        const bool first = j == end || (i < middle && strcmp(left, right) <= 0);
        TRY(packed_paths_add(&sorting->merged, first ? left : right));
        i += first;
        j += !first;
    }
out:
    return status;
}

/* Half as many runs. */
static enum status merge_pairs(struct packed_paths *paths, struct sorting *sorting) {
    enum status status = STATUS_OK;
    size_t n = sorting->n_runs, begin = 0;
    sorting->left.paths = sorting->right.paths = paths;
    sorting->left.next = sorting->right.next = sorting->left.at = sorting->right.at = 0;
    sorting->n_runs = 0;
    for (size_t run = 0; run < n; run += 2) {
        size_t middle = sorting->ends[run], end = run + 1 < n ? sorting->ends[run + 1] : middle;
        TRY(merge_two(sorting, begin, middle, end));
        sorting->ends[sorting->n_runs++] = begin = end;
    }
    packed_paths_free(paths);
    *paths = sorting->merged;
    sorting->merged = (struct packed_paths){0};
out:
    return status;
}

enum status packed_paths_sort(struct packed_paths *paths) {
    enum status status;
    struct sorting sorting = {0};
    TRY(find_runs(paths, &sorting));
    while (sorting.n_runs > 1)
        TRY(merge_pairs(paths, &sorting));
out:
    packed_reader_free(&sorting.left);
    packed_reader_free(&sorting.right);
    packed_paths_free(&sorting.merged);
    free(sorting.ends);
    return status;
}

/* ---------------------------------------------------------------- repeated paths */

/* Whether each path is above the one before: none can be there twice. */
static enum status is_rising(const struct packed_paths *paths, bool *rising) {
    enum status status = STATUS_OK;
    struct packed_reader before = {.paths = paths}, reader = {.paths = paths};
    const char *last, *path;
    *rising = true;
    for (size_t i = 1; i < paths->count && *rising; i++) {
        TRY(packed_reader_get(&before, i - 1, &last));
        TRY(packed_reader_get(&reader, i, &path));
        *rising = strcmp(last, path) < 0;
    }
out:
    packed_reader_free(&before);
    packed_reader_free(&reader);
    return status;
}

/* Paths that were seen; the first of equal ones. */
struct seen {
    struct index_set set;
    struct packed_reader reader, other; /* the list; one of those seen */
    uint8_t *again;                     /* a bit a path: an equal one is before it; owned */
    uint64_t n_again;
};

static enum status find_repeated(const struct packed_paths *paths, struct seen *seen) {
    enum status status;
    const char *path;
    TRY(index_set_reserve(&seen->set, paths->count));
    TRY(memory_zeroed(paths->count / 8 + 1, 1, &seen->again));
    for (size_t i = 0; i < paths->count; i++) {
        TRY(packed_reader_get(&seen->reader, i, &path));
        uint32_t hash = index_set_hash(path, strlen(path) + 1);
        const struct packed_key key = {&seen->other, path};
        bool again =
            index_set_find(&seen->set, hash, packed_paths_equal, NULL, &key) != INDEX_SET_NONE;
        TRY(text_status(&seen->other.path));
        if (!again)
            TRY(index_set_add(&seen->set, hash, i));
        seen->again[i / 8] |= (uint8_t)(again << i % 8);
        seen->n_again += again;
    }
out:
    return status;
}

static enum status keep_first(const struct packed_paths *paths, struct seen *seen, uint64_t *ends,
                              size_t n_ends, struct packed_paths *kept) {
    enum status status = STATUS_OK;
    const char *path;
    size_t part = 0;
    for (size_t i = 0; i < paths->count; i++) {
        while (part < n_ends && ends[part] == i)
            ends[part++] = kept->count;
        if (seen->again[i / 8] >> i % 8 & 1)
            continue;
        TRY(packed_reader_get(&seen->reader, i, &path));
        TRY(packed_paths_add(kept, path));
    }
    while (part < n_ends)
        ends[part++] = kept->count;
out:
    return status;
}

enum status packed_paths_unique(struct packed_paths *paths, uint64_t *ends, size_t n_ends,
                                uint64_t *repeated) {
    enum status status;
    struct seen seen = {.reader.paths = paths, .other.paths = paths};
    struct packed_paths kept = {0};
    bool rising;
    TRY(is_rising(paths, &rising));
    if (rising)
        goto out;
    TRY(find_repeated(paths, &seen));
    index_set_free(&seen.set);
    if (seen.n_again == 0)
        goto out;
    TRY(keep_first(paths, &seen, ends, n_ends, &kept));
    *repeated += seen.n_again;
    packed_paths_free(paths);
    *paths = kept;
    kept = (struct packed_paths){0};
out:
    index_set_free(&seen.set);
    free(seen.again);
    packed_reader_free(&seen.reader);
    packed_reader_free(&seen.other);
    packed_paths_free(&kept);
    return status;
}
