/* Paths and file names as text. */
#ifndef VERIFY_DATA_PATH_H
#define VERIFY_DATA_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Replaces *out by `path`, absolute and normal: "//", "./" and a last "/" go, "a/.." collapses, and
 * the path leads where it led before: "link/.." becomes the folder that holds what the link leads
 * to, links resolved. Other links stay; the file system is asked for ".." and for the current
 * folder alone. A relative path starts at `base` (absolute), or at the current folder where `base`
 * is NULL.
 */
enum status path_absolute(const char *base, const char *path, struct text *out);

/* Length of the folder of an absolute path, without its last '/', but 1 for the root folder. */
size_t path_folder_length(const char *path);

/* Whether an absolute path lies below a folder (absolute, lexically normal, without links). */
bool path_is_below(const char *path, const char *folder);

#endif
