/* Many paths in one block of memory. */
#include "data/path_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/index_set.h"

enum status path_list_add(struct path_list *list, const char *path) {
    enum status status;
    size_t size = strlen(path) + 1;
    TRY(memory_reserve(&list->start, &list->count_capacity, list->count + 1, sizeof *list->start));
    TRY(memory_reserve(&list->bytes, &list->byte_capacity, list->length + size, 1));
    list->start[list->count++] = list->length;
    memcpy(list->bytes + list->length, path, size);
    list->length += size;
out:
    return status;
}

enum status path_list_adopt(struct path_list *list, char *bytes, size_t length) {
    enum status status;
    size_t count = 0;
    *list = (struct path_list){0};
    for (size_t at = 0; at < length; at += strlen(bytes + at) + 1)
        count++;
    TRY(memory_zeroed(count, sizeof *list->start, &list->start));
    for (size_t at = 0; at < length; at += strlen(bytes + at) + 1)
        list->start[list->count++] = at;
    list->bytes = bytes;
    list->length = list->byte_capacity = length;
    list->count_capacity = count;
out:
    return status;
}

const char *path_list_get(const struct path_list *list, size_t index) {
    return list->bytes + list->start[index];
}

void path_list_free(struct path_list *list) {
    free(list->bytes);
    free(list->start);
    *list = (struct path_list){0};
}

static int compare_paths(const void *a, const void *b, void *bytes) {
    size_t left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return strcmp((const char *)bytes + left, (const char *)bytes + right);
}

enum status path_list_sort(struct path_list *list, size_t first) {
    enum status status = STATUS_OK;
    char *sorted = NULL;
    size_t i = first + 1;
    while (i < list->count && strcmp(path_list_get(list, i - 1), path_list_get(list, i)) <= 0)
        i++;
    if (i >= list->count)
        goto out;
    size_t begin = list->start[first];
    size_t length = list->length - begin;
    TRY(memory_zeroed(length, 1, &sorted));
    qsort_r(list->start + first, list->count - first, sizeof *list->start, compare_paths,
            list->bytes);
    size_t at = 0;
    for (i = first; i < list->count; i++) {
        size_t size = strlen(path_list_get(list, i)) + 1;
        memcpy(sorted + at, path_list_get(list, i), size);
        list->start[i] = begin + at;
        at += size;
    }
    memcpy(list->bytes + begin, sorted, length);
out:
    free(sorted);
    return status;
}

static bool equal_path(const void *context, size_t index, const void *key) {
    return strcmp(path_list_get(context, index), key) == 0;
}

enum status path_list_unique(struct path_list *list, uint64_t *repeated) {
    enum status status;
    struct index_set seen = {0};
    size_t count = 0, length = 0;
    TRY(index_set_reserve(&seen, list->count));
    for (size_t i = 0; i < list->count; i++) {
        const char *path = path_list_get(list, i);
        size_t size = strlen(path) + 1;
        uint32_t hash = index_set_hash(path, size);
        if (index_set_find(&seen, hash, equal_path, list, path) != INDEX_SET_NONE) {
            ++*repeated;
            continue;
        }
        /* Kept paths move down over the removed ones: those before `length` stay as they are. */
        memmove(list->bytes + length, path, size);
        list->start[count] = length;
        length += size;
        TRY(index_set_add(&seen, hash, count));
        count++;
    }
    list->count = count;
    list->length = length;
out:
    index_set_free(&seen);
    return status;
}

void path_list_trim(struct path_list *list) {
    char *bytes = realloc(list->bytes, list->length ? list->length : 1);
    if (bytes) {
        list->bytes = bytes;
        list->byte_capacity = list->length ? list->length : 1;
    }
    size_t count = list->count ? list->count : 1;
    size_t *start = reallocarray(list->start, count, sizeof *start);
    if (start) {
        list->start = start;
        list->count_capacity = count;
    }
}
