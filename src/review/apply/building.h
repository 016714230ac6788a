/* A folder that appears whole: it is built under another name, and renamed once all of it is on the
 * disk. What a killed process left under that name is cleared by the next one. */
#ifndef VERIFY_REVIEW_APPLY_BUILDING_H
#define VERIFY_REVIEW_APPLY_BUILDING_H

#include <sys/stat.h>

#include "base/text.h"
#include "output/below.h"

/* A file of it that is appended to. */
struct appended {
    const char *name;    /* NULL: none */
    int file;            /* open */
    struct text pending; /* what is yet to be written; the caller appends to it */
};
enum { BUILDING_APPENDED = 2 };

struct building {
    char *path;  /* that it gets; owned */
    char *draft; /* beside it; owned */
    int folder;  /* open; -1: none */
    struct appended appended[BUILDING_APPENDED];
};

/* Begins to build the folder `path`. STATUS_BAD_INPUT where it is there and not empty, or where the
 * folder beside it is somebody else's. On failure, too, building_close must be called. */
enum status building_open(const char *path, struct building *building);

/* Writes a file below the folder, with the permissions of `about` and, where `keep_time`, its time
 * of change. `about` NULL: as any new file. */
enum status building_file(struct building *building, const char *path, const char *bytes,
                          size_t length, const struct stat *about, bool keep_time);

/* Copies a file (path `from`) of any size into it, with permissions and time of change. *unread:
 * it cannot be read, as status_message says, and there is no copy. */
enum status building_copy(struct building *building, const char *from, const char *path,
                          bool *unread);

/* Begins a file right in the folder that is appended to: what is pending is written by
 * building_flush, where it is much or `all`, and by building_commit. */
enum status building_append(struct building *building, size_t slot, const char *name);
enum status building_flush(struct building *building, bool all);

/* All is on the disk, and has its name. */
enum status building_commit(struct building *building);

/* Removes what was built and not committed, and frees it. */
void building_close(struct building *building);

#endif
