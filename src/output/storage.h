/* What placing, preparing and reporting share: a place in the output tree, errors that say what to
 * do, and files that appear whole or not at all. */
#ifndef VERIFY_OUTPUT_STORAGE_H
#define VERIFY_OUTPUT_STORAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/status.h"
#include "output/below.h"

/* The names of drafts: this, and so many hexadecimal digits. */
#define DRAFT_PREFIX ".verify-"
enum { DRAFT_DIGITS = 16 };

/* Stores "<what> <location>: <why>: <way out>" for an errno value. A full disk says whether bytes,
 * inodes or entries of the folder ran out. Returns STATUS_BAD_INPUT where the user can mend it
 * (permission, a file in the way, too long a name), else STATUS_FAILED. */
enum status storage_failed(int error, const struct location *location, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes it all, whatever the interruptions. Returns 0 or an errno value. */
int write_all(int file, const char *bytes, size_t length);

/* Renames the file that `about` tells of. A rename that is done counts as done, even where a
 * network file system says that it failed. Returns 0 or an errno value. */
int file_move(int folder, const char *from, int to_folder, const char *to,
              const struct stat *about);

/* A name that nobody else has, on whichever machine: DRAFT_PREFIX and 64 random bits. */
enum { DRAFT_NAME_BYTES = sizeof DRAFT_PREFIX + DRAFT_DIGITS };
/* Returns 0 or an errno value. */
int draft_name(char name[DRAFT_NAME_BYTES]);
/* Whether a name is such a one. */
bool is_draft(const char *name);

/* A file under a temporary name beside its target. Either draft_commit or draft_drop ends it. */
struct draft {
    struct location location;
    struct dir_entry at;
    int file; /* open for writing */
    char temp[DRAFT_NAME_BYTES];
};

/* Makes the folder too, where it is absent. On failure there is nothing to drop. */
enum status draft_open(const struct location *location, mode_t mode, struct draft *draft);
/* Writes it all to a draft. On failure there is nothing to drop any more. */
enum status draft_write(struct draft *draft, const char *bytes, size_t length);
/* Closes and renames; what was there is replaced. On failure the temporary is removed. */
enum status draft_commit(struct draft *draft);
void draft_drop(struct draft *draft);

/* Writes a whole file through a draft. `durable`, for a name right in the location's folder: it is
 * on the disk when this returns. */
enum status file_write(const struct location *location, const char *bytes, size_t length,
                       bool durable);

#endif
