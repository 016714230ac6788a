/* WORK_FOLDER/run.json: which run an output folder belongs to, so that --resume continues that run
 * and no other. For rank 0, which holds the output's lock (run_lock.h). */
#ifndef VERIFY_OUTPUT_RUN_FILE_H
#define VERIFY_OUTPUT_RUN_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* Something that a resumed run must have in common with the run that it continues. */
struct run_part {
    const char *name;  /* as the user knows it: "--imgsz", "the model best.pt" */
    const char *value; /* as the user gave it; "" where there is none */
    bool opaque;       /* a fingerprint, which tells the user nothing */
};

struct run_parts {
    size_t count;
    const struct run_part *parts; /* the first difference is the one that is told */
};

enum run_state {
    RUN_FRESH,     /* there is nothing to continue: start with epoch 0 */
    RUN_CONTINUED, /* journals of earlier epochs may be there */
    RUN_COMPLETE,  /* the report says that the job is done; nothing was changed */
};

struct run_start {
    enum run_state state;
    unsigned epoch; /* of this start */
};

/* Begins a run, or another epoch of one, in an output folder whose lock is held: writes run.json,
 * on the disk when it returns. With `resume` the run that is there is continued; STATUS_BAD_INPUT
 * names the first part, or the program's version, that differs, and the way out. Nothing there to
 * continue is no failure, unless results are there, nor is a finished job: `start` tells. Without
 * `resume` a run that is there is STATUS_BAD_INPUT: --overwrite first empties the work folder. */
enum status run_file_start(const char *output, const struct run_parts *parts, bool resume,
                           struct run_start *start);

/* Removes all that a run keeps in WORK_FOLDER but its lock, run.json first: without it the rest
 * means nothing. No WORK_FOLDER is fine. For --overwrite, before anything else is removed, and at
 * the end of a job, before run_lock_drop. */
enum status work_folder_empty(const char *output);

#endif
