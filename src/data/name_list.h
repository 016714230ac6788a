/* Files that name classes, one a line. Internal to src/data. */
#ifndef VERIFY_DATA_NAME_LIST_H
#define VERIFY_DATA_NAME_LIST_H

#include <stddef.h>

#include "base/status.h"
#include "data/packed_paths.h"

struct name_list {
    size_t count;
    char **names; /* owned */
};

/* Reads such a file into a zeroed list: blanks around a name and empty lines at the end do not
 * count, an empty line before them is "class7". An empty file names none. STATUS_BAD_INPUT where it
 * cannot be read, or holds what is no name. */
enum status name_list_read(const char *file, struct name_list *list);
void name_list_free(struct name_list *list);

/* The classes that files beside the labels of these images name: "classes.txt", "obj.names" or
 * "_darknet.labels" in a folder that holds label files or above it, up to `root` (absolute), the
 * nearest one that is not empty. The list stays empty where there is none. STATUS_BAD_INPUT where
 * two such files name classes differently. `root` need not be above the images. */
enum status name_list_find(const struct packed_paths *images, const char *root,
                           struct name_list *list);

#endif
