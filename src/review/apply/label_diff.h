/* What became of a label file, as `patch` reads it. */
#ifndef VERIFY_REVIEW_APPLY_LABEL_DIFF_H
#define VERIFY_REVIEW_APPLY_LABEL_DIFF_H

#include "review/apply/label_edit.h"

/* Appends a file's changes in the unified format, its lines by LF alone, with three lines around
 * each; nothing where nothing changed. `path` is below the data set's folder: `patch -p1` there
 * makes the changes, `patch -R -p1` takes them back. `bytes` NULL: the file is new. */
enum status label_diff(const char *path, const char *bytes, size_t length,
                       const struct label_edit *edit, struct text *text);

#endif
