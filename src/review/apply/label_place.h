/* Replacing label files of the data set itself. */
#ifndef VERIFY_REVIEW_APPLY_LABEL_PLACE_H
#define VERIFY_REVIEW_APPLY_LABEL_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "output/storage.h"

/* A label file's place, opened: links among its folders are followed only to where the data set is.
 */
struct label_place {
    int folder;                   /* that it lies in; -1: closed */
    char *path;                   /* absolute; owned */
    const char *name;             /* in the folder: the end of `path` */
    char draft[DRAFT_NAME_BYTES]; /* the name of what will replace it, the same each time */
    bool drafted;                 /* that is written */
};

/* Why a label file must not be replaced; NULL: it may. `within` (absolute) is the folder of the
 * data set that it must lie in; NULL: there is none. */
const char *label_place_check(const char *path, const char *within);

/* Opens the place of a label file (`path`, absolute) that may be replaced, makes its folder where
 * it is absent (`make`), and removes a draft that an interrupted process left. STATUS_BAD_INPUT or
 * STATUS_FAILED with what, where and what to do. On failure, too, label_place_close must be called.
 */
enum status label_place_open(const char *path, const char *within, bool make,
                             struct label_place *place);
/* Removes a draft that did not replace the file. */
void label_place_close(struct label_place *place);

/* Whether the file has these bytes; `bytes` NULL: whether there is none. False, too, where it is no
 * file. */
bool label_place_has(const struct label_place *place, const char *bytes, size_t length);

/* Writes the draft, with permissions and owner of the file; a new one gets those of any. The disk
 * may not have it yet. */
enum status label_place_draft(struct label_place *place, const char *bytes, size_t length);

/* Puts the draft in the file's place: old or new, never half. */
enum status label_place_commit(struct label_place *place);

/* Removes the file. */
enum status label_place_remove(const struct label_place *place);

#endif
