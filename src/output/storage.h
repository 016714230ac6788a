/* What placing, preparing and reporting share: a place in the output tree, errors that say what to
 * do, and files that appear whole or not at all. */
#ifndef VERIFY_OUTPUT_STORAGE_H
#define VERIFY_OUTPUT_STORAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/status.h"

/* The names of drafts: this, and so many hexadecimal digits. */
#define DRAFT_PREFIX ".verify-"
enum { DRAFT_DIGITS = 16 };

/* A name below an open folder. */
struct spot {
    int folder;       /* AT_FDCWD for a path of its own */
    const char *root; /* the folder's path, for messages; NULL with AT_FDCWD */
    const char *path; /* below the folder */
};

/* Stores "<what> <spot>: <why>: <way out>" for an errno value. A full disk says whether bytes,
 * inodes or entries of the folder ran out. Returns STATUS_BAD_INPUT where the user can mend it
 * (permission, a file in the way, too long a name), else STATUS_FAILED. */
enum status storage_failed(int error, const struct spot *spot, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

/* mkdir -p of the folder that the spot's name is in. */
enum status make_parents(const struct spot *spot);

/* Writes it all, whatever the interruptions. Returns 0 or an errno value. */
int write_all(int file, const char *bytes, size_t length);

/* Renames within a folder the file that `about` tells of. A rename that is done counts as done,
 * even where a network file system says that it failed. Returns 0 or an errno value. */
int file_rename(int folder, const char *from, const char *to, const struct stat *about);

/* A file under a temporary name beside its target. Either draft_commit or draft_drop ends it. */
struct draft {
    struct spot spot;
    int file; /* open for writing */
    char temp[PATH_MAX];
};

/* A name beside `path` that nobody else has, on whichever machine: DRAFT_PREFIX and 64 random bits.
 * Returns 0 or an errno value. */
int draft_name(const char *path, char temp[PATH_MAX]);

/* Makes the folder too, where it is absent. On failure there is nothing to drop. */
enum status draft_open(const struct spot *spot, mode_t mode, struct draft *draft);
/* Closes and renames; what was there is replaced. On failure the temporary is removed. */
enum status draft_commit(struct draft *draft);
void draft_drop(struct draft *draft);

/* Writes a whole file through a draft. `durable`, for a name right in the spot's folder: it is on
 * the disk when this returns. */
enum status file_write(const struct spot *spot, const char *bytes, size_t length, bool durable);

#endif
