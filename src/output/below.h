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
struct spot {
    int folder;       /* AT_FDCWD for a path of its own */
    const char *root; /* the folder's path, for messages; NULL with AT_FDCWD */
    const char *path; /* below the folder */
};

/* The folder that a spot's name lies in, opened, and the name alone. Messages are of the spot. */
struct seat {
    int folder;
    const char *name; /* the end of the spot's path */
    bool opened;      /* seat_leave closes the folder */
};

/* `make`: folders on the way that are absent are made. Returns 0 or an errno value; on failure
 * there is nothing to leave. */
int seat_take(const struct spot *spot, bool make, struct seat *seat);
void seat_leave(const struct seat *seat);

/* Opens a folder; *folder is the caller's to close. Returns 0 or an errno value. */
int below_folder(const struct spot *spot, bool make, int *folder);
/* The same to read its names; closedir() ends it. NULL in *stream on failure. */
int below_stream(const struct spot *spot, DIR **stream);
/* The next name of a folder; NULL in *entry at its end. */
enum status below_next(DIR *stream, const struct spot *spot, const struct dirent **entry);

/* Opens the output folder itself, which may be a link; *folder is the caller's to close. Where
 * `optional`, one that is absent is -1 and no failure. */
enum status output_folder_open(const char *output, bool optional, int *folder);

/* Opens a regular file, `flags` and `mode` as for open. Where they allow writing, a file that has
 * other names is EMLINK: what is written would be written into those. Something that is no file is
 * ENXIO. Returns 0 or an errno value. */
int below_file(const struct spot *spot, int flags, mode_t mode, int *file);
/* The same in the folder that is open. */
int seat_file(const struct seat *seat, int flags, mode_t mode, int *file);

/* The same with storage_failed's message, which begins with `what`. */
enum status below_file_open(const struct spot *spot, int flags, mode_t mode, const char *what,
                            int *file);

#endif
