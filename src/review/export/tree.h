/* Folders with all that is in them. */
#ifndef VERIFY_REVIEW_EXPORT_TREE_H
#define VERIFY_REVIEW_EXPORT_TREE_H

#include <sys/stat.h>

#include "base/text.h"

/* Removes a folder with all that is in it; no link is followed. One that is absent is fine. */
enum status tree_remove(const char *path);

/* Replaces *changed by the path of something in the folder, or the folder itself, that was changed
 * later than `mark`; by nothing, if all is as it was. */
enum status tree_changed(const char *path, const struct stat *mark, struct text *changed);

#endif
