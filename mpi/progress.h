/* Where all ranks stand: gathered to rank 0, which shows it on the screen and in its log; each rank
 * writes the same lines into a log of its own. Collective, in rounds that nobody waits for: the
 * first is begun at the start of the work, any other once rank 0 has called it (struct order). A
 * rank looks now and then whether the round is complete; at most one is open at a time. */
#ifndef VERIFY_MPI_PROGRESS_H
#define VERIFY_MPI_PROGRESS_H

#include "job.h"

/* What has been said of one rank; zeroed at first. */
struct told {
    bool started, ended;
    uint64_t images; /* of the last progress line */
    uint64_t next;   /* images at which the next one is due */
};

struct progress {
    struct job *job;
    uint64_t rounds; /* begun by this rank */
    bool finished;   /* on rank 0: in the last complete round all ranks had finished */
    MPI_Request gathering;
    struct verify_progress mine; /* on its way */
    struct told told;            /* to this rank's own log */
    struct verify_progress *all; /* [ranks] on rank 0: of the open round; owned */
    struct told *shown;          /* [ranks] on rank 0: on the screen; owned */
};

/* "CPU" or "GPU". */
const char *job_prefix(const struct job *job);

/* On failure, too, progress_close must be called. Not collective. */
enum status progress_open(struct job *job, struct progress *progress);
/* No round may be open; zeroed is fine. */
void progress_close(struct progress *progress);

/* Begins a round with what is to be said of this rank, which is copied. None may be open. */
void progress_begin(struct progress *progress, const struct verify_progress *mine);

/* Whether no round is open; on rank 0 shows the one that has become complete. Never waits. */
bool progress_complete(struct progress *progress);

#endif
