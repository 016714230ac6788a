/* WORK_FOLDER/run.json: which run an output folder belongs to, so that --resume continues that run
 * and no other, and that it is a run's at all, so that --overwrite starts over in no other folder.
 * For rank 0, which holds the output's lock (run_lock.h). */
#ifndef VERIFY_OUTPUT_RUN_FILE_H
#define VERIFY_OUTPUT_RUN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/status.h"
#include "output/run_counts.h"

#define RUN_FILE "run.json"

/* Something that a resumed run must have in common with the run that it continues. */
struct run_part {
    const char *name;  /* as the user knows it: "--imgsz", "the model best.pt" */
    const char *value; /* as the user gave it; "" where there is none */
    bool opaque;       /* a fingerprint, which tells the user nothing */
};

struct run_parts {
    size_t count;
    const struct run_part *parts; /* the first difference is the one that is told */
    const char *common;           /* the folder that the images lie in; NULL: none */
    const char *root;             /* the folder that names in the records begin at; NULL: none */
};

enum run_state {
    RUN_FRESH,     /* there is nothing to continue: start with epoch 0 */
    RUN_CONTINUED, /* journals of earlier epochs may be there */
    RUN_COMPLETE,  /* the job is done, and no image failed; only what it left behind was removed */
};

struct run_start {
    enum run_state state;
    unsigned epoch;           /* of this start */
    struct timespec stamp;    /* when epoch 0 began */
    bool rejudged;            /* verdicts of the run that is continued were made anew */
    struct run_counts counts; /* of RUN_COMPLETE, but for its boxes of known classes */
};

/* Begins a run, or another epoch of one, in an output folder whose lock is held: writes run.json,
 * on the disk when it returns. With `resume` the run that is there is continued, a complete one
 * where images failed, which are tried again; STATUS_BAD_INPUT names the first part, or the
 * program's version, that differs, and the way out. Nothing there to continue is no failure, unless
 * results are there: `start` tells. Without `resume` a run that is there is STATUS_BAD_INPUT;
 * --overwrite has cleared the output before (clear.h), `cleared`. */
enum status run_file_start(const char *output, const struct run_parts *parts, bool resume,
                           bool cleared, struct run_start *start);

/* The job is done: notes the counts, and what its files look like, in run.json. Then removes from
 * WORK_FOLDER what is not needed any more: journals are only for images to be tried again. */
enum status run_file_finish(const char *output, const struct run_counts *counts);

/* Whether run.json is there and says that a run wrote a manifest of the folder's files. What is
 * damaged counts as absent. */
enum status run_file_owns(const char *output, bool *owns);

/* Notes what the files right in the output folder look like that the run has written by now.
 * One that a flag asks for (streams.h) is among them where the part of that name is "1". */
enum status run_file_note(const char *output);

/* run_parts.common and .root of the run that is there; *folder is the caller's, NULL where it is
 * not known. */
enum status run_file_common(const char *output, char **folder);
enum status run_file_root(const char *output, char **folder);

/* Whether the run that is there has come to its end. */
enum status run_file_complete(const char *output, bool *complete);

/* Something that the run that is there was made with, by its name in run_part; *value is the
 * caller's, NULL where it is not known. `next`: what its verdicts are being made anew with. */
enum status run_file_value(const char *output, bool next, const char *name, char **value);

/* Verdicts made anew. From run_file_rejudge on, which notes by which parts, the output's files
 * change, and nothing but to go on with it is possible, until run_file_rejudged makes them those of
 * the run, which is complete with these counts. */
enum status run_file_rejudge(const char *output, const struct run_parts *parts);
enum status run_file_rejudged(const char *output, const struct run_counts *counts);
/* Whether that is on. */
enum status run_file_rejudging(const char *output, bool *on);
/* STATUS_BAD_INPUT, with the way out, where it is. `what` begins the message. */
enum status run_file_check_rejudged(const char *output, const char *what);

/* Notes that the output's files are about to be removed: until that is done, only to go on with it
 * is possible. */
enum status run_file_clearing(const char *output);

/* Appends the names of files right in the output folder, and of the review page's, that are not
 * what run.json says; of the former also those that it says nothing of. */
struct text;
enum status run_file_changed(const char *output, struct text *list);

#endif
