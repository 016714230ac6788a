/* Replacing label files of the data set itself. */
#ifndef VERIFY_REVIEW_APPLY_LABEL_PLACE_H
#define VERIFY_REVIEW_APPLY_LABEL_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* The folder that a label file lies in, opened: links among its folders are followed only to where
 * the data set is. */
struct label_place {
    int folder;       /* -1: closed */
    const char *name; /* in it: the end of `path` */
    const char *path; /* the label file's, for messages */
};

/* Why a label file must not be replaced; NULL: it may. `within` (absolute) is the folder of the
 * data set that it must lie in; NULL: there is none. */
const char *label_place_check(const char *path, const char *within);

/* Opens the folder of a label file that may be replaced, and makes it where it is absent (`make`).
 * `path` (absolute) must outlive the place. STATUS_BAD_INPUT or STATUS_FAILED with what, where and
 * what to do. */
enum status label_place_open(const char *path, const char *within, bool make,
                             struct label_place *place);
void label_place_close(struct label_place *place);

/* Whether the file has these bytes; `bytes` NULL: whether there is none. False, too, where it is no
 * file. */
bool label_place_has(const struct label_place *place, const char *bytes, size_t length);

/* Replaces the file by these bytes, on the disk when this returns: old or new, never half. It keeps
 * permissions and owner; a new one gets those of any. */
enum status label_place_write(const struct label_place *place, const char *bytes, size_t length);

/* Removes the file. */
enum status label_place_remove(const struct label_place *place);

#endif
