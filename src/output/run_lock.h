/* WORK_FOLDER/lock: one job at a time on an output folder. For rank 0. */
#ifndef VERIFY_OUTPUT_RUN_LOCK_H
#define VERIFY_OUTPUT_RUN_LOCK_H

#include <stdbool.h>

#include "base/status.h"

#define RUN_LOCK "lock"

enum {
    RUN_LOCK_BEAT_SECONDS = 5,   /* how often run_lock_beat is to be called */
    RUN_LOCK_STALE_SECONDS = 60, /* without a beat, where the file system knows no locks */
};

struct run_lock;

/* Takes the lock of an output folder; makes the folder, and WORK_FOLDER, where they are absent. A
 * lock that another process holds, on whichever machine, is STATUS_BAD_INPUT, and says which. The
 * system frees the lock of a process that ends, however it ends. Where the file system knows no
 * locks, a holder whose last beat is RUN_LOCK_STALE_SECONDS old counts as gone. On failure *out is
 * NULL, and *held (may be NULL) tells whether that is another process's lock. */
enum status run_lock_take(const char *output, bool *held, struct run_lock **out);

/* A sign of life. STATUS_FAILED where another process has taken the lock over: this one must stop
 * writing. */
enum status run_lock_beat(struct run_lock *lock);

/* Removes the lock, and WORK_FOLDER if nothing else is in it. *lock becomes NULL; NULL is fine. */
void run_lock_drop(struct run_lock **lock);

#endif
