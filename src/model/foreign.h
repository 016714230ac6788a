/* Files that are given as a model and are something else: what they are, and what to give. */
#ifndef VERIFY_MODEL_FOREIGN_H
#define VERIFY_MODEL_FOREIGN_H

#include <stddef.h>

#include "base/status.h"

/* The beginning of a file, by which its format is known. */
struct beginning {
    size_t length;
    unsigned char bytes[4096 + 1]; /* NUL at the end */
};

/* What the content is known to be, as a message without the path ("is a git-lfs pointer …"); NULL
 * where it says nothing, or may be a model. */
const char *foreign_content(const struct beginning *file);
/* The same by the path's suffix alone, for what could not be read. */
const char *foreign_suffix(const char *path);

/* STATUS_BAD_INPUT, for a path that is a folder: which exports are folders, and what to give. */
enum status foreign_folder(const char *path);

#endif
