/* The lines that show how far a rank is, made where there is something new to say. Knows no MPI. */
#ifndef VERIFY_JOB_PROGRESS_LINES_H
#define VERIFY_JOB_PROGRESS_LINES_H

#include "job/verify.h"

/* What has been said of one rank; zeroed at first. */
struct progress_said {
    bool started, ended;
    uint64_t images; /* of the last progress line */
    uint64_t next;   /* images at which the next one is due */
};

/* Takes a line, without its newline. */
typedef void progress_sink(void *context, const char *line);

/* Hands to `sink` what is new: the beginning, warnings, each percent, the end. `prefix`: "CPU" or
 * "GPU". */
void progress_lines(const char *prefix, int rank, const struct verify_progress *progress,
                    struct progress_said *said, progress_sink *sink, void *context);

#endif
