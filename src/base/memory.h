/* Allocation whose failure is a status. */
#ifndef VERIFY_BASE_MEMORY_H
#define VERIFY_BASE_MEMORY_H

#include <stddef.h>

#include "base/status.h"

/* Allocates `count` zeroed elements of `size` bytes into *out (void **); free() releases it.
 * count 0 gives a valid pointer. On failure *out is NULL. */
enum status memory_zeroed(size_t count, size_t size, void *out);

/* Grows the array *array (of *capacity elements of `size` bytes) to hold at least `needed`,
 * by doubling; new elements are not initialised. On failure the array stays as it was. */
enum status memory_reserve(void *array, size_t *capacity, size_t needed, size_t size);

/* Copies a string into *out; free() releases it. */
enum status memory_string(const char *text, char **out);

#endif
