/* Allocation whose failure is a status. */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum status memory_zeroed(size_t count, size_t size, void *out) {
    void *data = calloc(count ? count : 1, size ? size : 1);
    memcpy(out, &data, sizeof data);
    if (!data)
        return FAIL(STATUS_FAILED, "out of memory: %zu elements of %zu bytes", count, size);
    return STATUS_OK;
}

enum status memory_reserve(void *array, size_t *capacity, size_t needed, size_t size) {
    if (needed <= *capacity)
        return STATUS_OK;
    size_t grown = *capacity ? *capacity : 16;
    while (grown < needed) {
        if (grown > SIZE_MAX / 2)
            return FAIL(STATUS_FAILED, "out of memory: %zu elements of %zu bytes", needed, size);
        grown *= 2;
    }
    void *data;
    memcpy(&data, array, sizeof data);
    void *moved = reallocarray(data, grown, size);
    if (!moved)
        return FAIL(STATUS_FAILED, "out of memory: %zu elements of %zu bytes", grown, size);
    memcpy(array, &moved, sizeof moved);
    *capacity = grown;
    return STATUS_OK;
}

enum status memory_string(const char *text, char **out) {
    *out = strdup(text);
    return *out ? STATUS_OK
                : FAIL(STATUS_FAILED, "out of memory: a string of %zu bytes", strlen(text));
}
