/* The lines that a rank's progress is worth. */
#ifndef VERIFY_MPI_PROGRESS_H
#define VERIFY_MPI_PROGRESS_H

#include "job.h"

/* What has been said of one rank; zeroed at first. */
struct told {
    bool started, ended;
    uint64_t images; /* of the last progress line */
    uint64_t next;   /* images at which the next one is due */
};

typedef void say(struct screen *screen, const char *format, ...);

/* "CPU" or "GPU". */
const char *job_prefix(const struct job *job);

/* A rank is lost: prefix, rank, rank, host, what it does not do, seconds. */
#define LOST_RANK                                                                                  \
    "[%s %d] ERROR: rank %d on %s %s since %.0f s: what is done is kept, the same command with "   \
    "--resume goes on"

/* Says what is new: a rank to its own log, rank 0 to the screen. */
void say_progress(struct screen *screen, say *line, const char *prefix, int rank,
                  const struct verify_progress *progress, struct told *told);

#endif
