/* Paths and file names as text: nothing here looks at the file system but for the current folder.
 */
#ifndef VERIFY_DATA_PATH_H
#define VERIFY_DATA_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Replaces *out by `path`, absolute and lexically normal: "//", "./" and a last "/" go, "a/.."
 * collapses. Symbolic links are not looked at, so that "link/.." is the folder which holds the
 * link. A relative path starts at `base` (absolute), or at the current folder where `base` is NULL.
 */
enum status path_absolute(const char *base, const char *path, struct text *out);

/* Length of the folder of an absolute path, without its last '/', but 1 for the root folder. */
size_t path_folder_length(const char *path);

/* Whether an absolute path lies below a folder (absolute, lexically normal, without links). */
bool path_is_below(const char *path, const char *folder);

/* Whether the file name ends in `suffix` (".txt"), ASCII letters of either case. */
bool path_has_suffix(const char *path, const char *suffix);

#endif
