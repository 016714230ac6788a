/* Opening what lies below a folder that somebody else may have prepared: no link is followed,
 * nothing is waited for, and a file that is written to has no other name. The folder itself is the
 * caller's choice, and may be a link. */
#ifndef VERIFY_OUTPUT_BELOW_H
#define VERIFY_OUTPUT_BELOW_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/status.h"

/* A name below an open folder. */
struct location {
    int folder;       /* AT_FDCWD for a path of its own */
    const char *root; /* the folder's path, for messages; NULL with AT_FDCWD */
    const char *path; /* below the folder */
};

/* The folder that a location's name lies in, opened, and the name alone. Messages are of the
 * location. */
struct dir_entry {
    int folder;
    const char *name; /* the end of the location's path */
    bool opened;      /* dir_entry_close closes the folder */
};

/* `make`: folders on the way that are absent are made. Returns 0 or an errno value; on failure
 * there is nothing to close. */
int dir_entry_open(const struct location *location, bool make, struct dir_entry *at);
void dir_entry_close(const struct dir_entry *at);

/* Opens a folder; *folder is the caller's to close. Returns 0 or an errno value. */
int below_folder(const struct location *location, bool make, int *folder);
/* The same to read its names; closedir() ends it. NULL in *stream on failure. */
int below_stream(const struct location *location, DIR **stream);
/* The next name of a folder; NULL in *entry at its end. */
enum status below_next(DIR *stream, const struct location *location, const struct dirent **entry);

/* Opens the output folder itself, which may be a link; *folder is the caller's to close. Where
 * `optional`, one that is absent is -1 and no failure. */
enum status output_folder_open(const char *output, bool optional, int *folder);

/* Opens a regular file, `flags` and `mode` as for open. Where they allow writing, a file that has
 * other names is EMLINK: what is written would be written into those. Something that is no file is
 * ENXIO. Returns 0 or an errno value. */
int below_file(const struct location *location, int flags, mode_t mode, int *file);

/* The same with storage_failed's message, which begins with `what`. */
enum status below_file_open(const struct location *location, int flags, mode_t mode,
                            const char *what, int *file);

/* below_file for a name whose folder is open. */
int dir_entry_file(const struct dir_entry *at, int flags, mode_t mode, int *file);

#endif
