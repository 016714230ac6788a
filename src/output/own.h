/* Whether what already has a name in the output may go. Nothing may that somebody would miss: what
 * was put there by hand, or changed. */
#ifndef VERIFY_OUTPUT_OWN_H
#define VERIFY_OUTPUT_OWN_H

#include "output/below.h"
#include "output/manifest.h"

/* The permissions of a file from memory until all of it is written: a process may be killed before.
 */
enum { OWN_UNFINISHED = 0200 };

/* Whether replacing the name by a file of these bytes, and this time of change, loses nothing: it
 * is free, or a link, or one of several names, or unfinished, or has the bytes or the time already
 * (whoever changes a file changes that). */
bool own_replaceable(const struct dir_entry *at, const char *bytes, size_t length,
                     const struct timespec *time);
/* The same for the bytes of another file, which appear under the name whole; after a crash of the
 * machine there may be none of them. */
bool own_replaceable_by(const struct dir_entry *at, const char *path);

/* Whether the name is a symbolic link with that path; whether it is the file of that path, by a
 * hard link. */
bool own_symlink(const struct dir_entry *at, const char *path);
bool own_hard_link(const struct dir_entry *at, const char *path);
/* Whether the name is a link to that file, or has its bytes. */
bool own_link_or_copy(const struct dir_entry *at, const char *path);
/* Whether the name is a file of these bytes. */
bool own_bytes(const struct dir_entry *at, const char *bytes, size_t length);

/* Whether both are files of the same bytes. */
bool own_same(const struct dir_entry *at, const struct dir_entry *other);

/* What became of a file that a run wrote. */
enum own_state {
    OWN_GONE,    /* it is not there */
    OWN_SAME,    /* as it was written */
    OWN_LAST,    /* so, and it is the last name of a picture of the user's */
    OWN_CHANGED, /* somebody has changed it */
};
enum own_state own_text(const struct dir_entry *at, const struct manifest_file *file);
enum own_state own_image(const struct dir_entry *at, const struct manifest_entry *entry);

#endif
