/* Tells files that cannot be read by themselves from a file system, a server or a mount that is
 * away, and so images that failed from a run that should stop and be resumed. Thread-safe. */
#ifndef VERIFY_JOB_OUTAGE_H
#define VERIFY_JOB_OUTAGE_H

#include <stdbool.h>

#include "base/status.h"

struct outage;

/* Images and labels may lie on different file systems: each is looked at by itself. */
enum outage_files { OUTAGE_IMAGES, OUTAGE_LABELS, OUTAGE_FILES };

/* `folder`: one that is above all images, or NULL; looked at now. On failure *out is NULL. */
enum status outage_make(const char *folder, struct outage **out);
void outage_free(struct outage *outage); /* NULL is fine */

/* Whether an errno value speaks of a device, a server or a network rather than of a file. */
bool outage_is_hard(int error);

/* This file was read, and may be opened again later to see whether it still can be. What is no
 * regular file is not. NULL is fine, here and below. */
void outage_read(struct outage *outage, enum outage_files files, const char *path);

/* This file could not be read (errno value). STATUS_OK: that is the file's own affair so far.
 * STATUS_FAILED, with a message that says what to do: the data is away. Which is so where
 * - OUTAGE_MOST errors of devices or servers came, none of them followed by a file that was read;
 * - as many other errors came (no such file, no permission), and a file that was read before cannot
 *   be read any more; where none was, the folder above all images is not there, is empty, or is
 *   another one than at the start;
 * - a label file is missing, and the last one that was read is not there any more, nor its folder:
 *   without a label file an image counts as one of the background. */
enum { OUTAGE_MOST = 8 };
enum status outage_error(struct outage *outage, enum outage_files files, const char *path,
                         int error);

#endif
