/* Many paths in one block of memory. */
#ifndef VERIFY_DATA_PATH_LIST_H
#define VERIFY_DATA_PATH_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* NUL-terminated strings one after the other, in list order: path i + 1 starts where path i ends.
 */
struct path_list {
    size_t count, count_capacity;
    size_t length, byte_capacity;
    char *bytes;   /* owned */
    size_t *start; /* offset of each path in bytes; owned */
};

enum status path_list_add(struct path_list *list, const char *path);
/* Makes a list of `length` bytes of NUL-terminated paths, which becomes the owner of the bytes. On
 * failure they remain the caller's, and the list is empty. */
enum status path_list_adopt(struct path_list *list, char *bytes, size_t length);
const char *path_list_get(const struct path_list *list, size_t index);
void path_list_free(struct path_list *list);

/* Sorts the paths from `first` on by their bytes. Needs as much memory again while it runs. */
enum status path_list_sort(struct path_list *list, size_t first);

/* Keeps the first of equal paths and adds the number of those removed to *repeated. */
enum status path_list_unique(struct path_list *list, uint64_t *repeated);

/* Gives back memory that the list does not use. */
void path_list_trim(struct path_list *list);

#endif
