/* OUTPUT/applied-N: what an --in-place changes in the data set. It is written whole before the
 * first file changes, and tells how to go on and how to go back:
 *
 *   changes.diff         the difference, for `patch`
 *   originals/PATH       the label files as they were; PATH is below the data set's folder
 *   corrected/PATH       as they become
 *   files                the files in their order, each four texts with a NUL behind: "changed" or
 *                        "made", the folder that it must lie in, its path, PATH
 *   request              a line: the fingerprint of what was asked for, how many decisions were
 *                        refused, the counts of changes in words
 *   state                a word of applied_state; none: it is being carried out */
#ifndef VERIFY_REVIEW_APPLY_APPLIED_H
#define VERIFY_REVIEW_APPLY_APPLIED_H

#include <stdint.h>

#include "base/text.h"

#define APPLIED_FILES     "files"
#define APPLIED_REQUEST   "request"
#define APPLIED_ORIGINALS "originals"
#define APPLIED_CORRECTED "corrected"

enum applied_state { APPLIED_BEGUN, APPLIED_DONE, APPLIED_UNDOING, APPLIED_UNDONE, APPLIED_STATES };

struct applied {
    uint64_t number;
    char *path; /* absolute; owned */
    int folder; /* open; -1: closed */
    enum applied_state state;
    uint64_t request, refused; /* of the file `request` */
    char *changes;             /* likewise; owned */
};

/* The path of the N-th one of an output folder (absolute). */
enum status applied_path(const char *output, uint64_t number, struct text *path);

/* How many the output has: numbers are from 1. */
enum status applied_count(const char *output, uint64_t *count);

/* Opens one. STATUS_BAD_INPUT where there is none, or it is damaged. On failure, too, applied_close
 * must be called. */
enum status applied_open(const char *output, uint64_t number, struct applied *applied);
void applied_close(struct applied *applied);

/* Notes how far it is; on the disk when this returns. */
enum status applied_note(struct applied *applied, enum applied_state state);

/* What became of the files. */
struct applied_counts {
    uint64_t written; /* they have the wanted bytes by now */
    uint64_t before;  /* they had them already */
    uint64_t changed; /* somebody else has changed them: they stay as they are, and were shown */
    uint64_t caches;  /* that trainers kept: removed, and shown */
};

/* Gives each file its bytes as corrected, or (`back`) as they were. Whoever is interrupted does it
 * again. */
enum status applied_write(const struct applied *applied, bool back, struct applied_counts *counts);

#endif
