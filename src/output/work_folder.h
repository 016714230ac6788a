/* WORK_FOLDER, inside the output folder: what a run needs to know of itself while it is on, and
 * afterwards to prove which files are its own. */
#ifndef VERIFY_OUTPUT_WORK_FOLDER_H
#define VERIFY_OUTPUT_WORK_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "output/below.h"

#define WORK_FOLDER ".verify"

/* The names of files in it that the records of all ranks are merged into: this, and the name that
 * the file gets. */
#define MERGE_PREFIX "merging-"
enum { MERGE_NAME_BYTES = 64 };
/* Those of the review page's files before they have their places: this, and a number. */
#define PAGE_DRAFT_PREFIX "page-"

struct work_folder {
    int output;                                 /* the output folder; -1: it is not there */
    int folder;                                 /* -1: it is not there */
    char output_path[PATH_MAX], path[PATH_MAX]; /* for messages */
};

/* Opens the output folder, which may be a link, and the work folder in it, which may not; what is
 * absent stays -1, or is made (`make`). On failure, too, work_folder_close must be called. */
enum status work_folder_open(const char *output, bool make, struct work_folder *work);
void work_folder_close(struct work_folder *work);

/* A name in the work folder, for below_file and its like. */
struct location work_location(const struct work_folder *work, const char *name);

/* What a name in the work folder is that of. */
enum work_name {
    WORK_FOREIGN, /* no run makes such a one */
    WORK_RUN,     /* RUN_FILE */
    WORK_LOCK,
    WORK_MERGED,  /* a stream's file (streams.h), such as the manifest */
    WORK_JOURNAL, /* a journal, or the texts of one */
    WORK_PLACED,  /* the texts of a journal that say what was placed: the manifest's */
    WORK_DRAFT,   /* a file that was being written */
};
enum work_name work_name_kind(const char *name);

/* Removes the names of these kinds (a set of bits, 1 << WORK_RUN ...), whatever lies there but
 * folders; WORK_RUN first, and on the disk before the others go. No work folder is fine. */
enum status work_folder_remove(const char *output, unsigned kinds);

enum {
    /* What a finished job needs no more. */
    WORK_OF_EPOCHS = 1u << WORK_JOURNAL | 1u << WORK_PLACED | 1u << WORK_DRAFT,
    /* All but the lock: nothing is known of a run any more. */
    WORK_ALL = WORK_OF_EPOCHS | 1u << WORK_RUN | 1u << WORK_MERGED,
};

#endif
