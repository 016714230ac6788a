/* Verdicts made anew, by other thresholds, from the evidence that a run has kept: what each rank
 * does with its part of the images. Records and manifest are written as drafts first; files move
 * when all of those are on the disk. */
#ifndef VERIFY_REVIEW_REJUDGE_REJUDGE_H
#define VERIFY_REVIEW_REJUDGE_REJUDGE_H

#include <stdio.h>

#include "output/move.h"
#include "output/storage.h"
#include "output/tally.h"
#include "output/whole.h"

typedef void rejudge_tick(void *context);

/* What is known of it on all ranks. */
struct rejudge {
    const char *output;
    struct thresholds thresholds;
    const struct class_map *classes; /* of the data set, both ways */
    bool has_manifest;               /* the run writes a line for each image that it has read */
    bool search;                     /* files may be in other buckets than the manifest says */
    size_t n_shared;
    const uint64_t *shared; /* names of label files that several images have, as fingerprints in
                               ascending order */
    rejudge_tick *tick;     /* NULL: nobody waits; called now and then */
    void *tick_context;
};

/* Where a rank's part begins: it ends where the next one begins. Plain data. */
struct rejudge_part {
    uint64_t image;    /* in the list */
    uint64_t placed;   /* lines of the manifest before it */
    uint64_t evidence; /* byte */
    uint64_t manifest; /* byte */
};

/* Divides the images into n parts that take about as long: parts[n + 1]. *shared (of *n_shared) is
 * the caller's. STATUS_FAILED where evidence and manifest are damaged. */
enum status rejudge_split(const char *output, bool has_manifest, size_t n,
                          struct rejudge_part *parts, uint64_t **shared, size_t *n_shared);

/* What a part comes to. */
struct rejudge_work {
    struct draft *records;  /* gets the records, from the beginning */
    struct whole *manifest; /* gets the lines, each at its place; NULL: there are none */
    const struct mover *mover;
    struct tally *tally;
    uint64_t length; /* of the records */
    uint64_t moved;  /* images that change their bucket */
};
/* The part from parts[0] to parts[1]. STATUS_BAD_INPUT where a file could not be moved, since
 * something else has its name. */
enum status rejudge_decide(const struct rejudge *rejudge, const struct rejudge_part parts[2],
                           struct rejudge_work *work);

/* Moves the files of a part to where the draft of the manifest has them. */
enum status rejudge_move(const struct rejudge *rejudge, const struct rejudge_part parts[2],
                         const struct mover *mover);
/* By one rank, when all have moved theirs: label files that several images had go from where none
 * needs them, and empty folders. */
enum status rejudge_tidy(const struct rejudge *rejudge, const struct mover *mover);

/* Lines of a manifest. Zeroed at first. */
struct manifest_part {
    FILE *file;         /* owned */
    const char *output; /* for messages; the caller's */
    uint64_t left;      /* bytes */
    size_t capacity, length;
    char *line, *written; /* the one that was read last, as manifest_read leaves it and as it is in
                             the file; owned */
    size_t written_capacity;
    struct manifest_entry entry;
};
/* `name`: of the file in WORK_FOLDER. On failure, too, manifest_part_close must be called. */
enum status manifest_part_open(const char *output, const char *name,
                               const struct rejudge_part parts[2], struct manifest_part *part);
void manifest_part_close(struct manifest_part *part);
/* STATUS_FAILED where no line follows, or the part ends in one. */
enum status manifest_part_next(struct manifest_part *part);

/* Of the name of an entry's label file. */
uint64_t shared_name(const struct manifest_entry *entry);
bool is_shared(const struct rejudge *rejudge, uint64_t name);

#endif
