/* A file that all ranks write parts of, under a temporary name in WORK_FOLDER, until it is whole
 * and takes the place of the one before. */
#ifndef VERIFY_OUTPUT_WHOLE_H
#define VERIFY_OUTPUT_WHOLE_H

#include "output/work_folder.h"

/* Zeroed at first. */
struct whole {
    bool opened;
    int file;
    uint64_t unsynced; /* bytes that were written since the last whole_sync */
    struct work_folder work;
    char draft[MERGE_NAME_BYTES];
};

/* Opens the draft of the file with that name; each rank for itself, and `rank` is its number. What
 * a killed process left of it is written over. On failure, too, whole_close must be called. */
enum status whole_open(const char *output, const char *name, int rank, struct whole *whole);
void whole_close(struct whole *whole);

/* STATUS_FAILED, with what, where and why, here and below. */
enum status whole_write(struct whole *whole, const char *bytes, size_t length, uint64_t offset);
/* Brings to the disk what was written. */
enum status whole_sync(struct whole *whole);
/* The file's length. */
enum status whole_end(struct whole *whole, uint64_t length);

/* Gives a whole file its name, right in the output folder or (`in_work`) in WORK_FOLDER. */
enum status whole_publish(struct whole *whole, const char *name, bool in_work);
/* The same where a process may have been killed on the way: no draft is no failure. */
enum status draft_publish(const char *output, const char *name, bool in_work);
enum status draft_is_there(const char *output, const char *name, bool *there);

#endif
