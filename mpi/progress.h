/* Where all ranks stand: gathered to rank 0, which shows it on the screen and in its log; each rank
 * writes the same lines into a log of its own. Collective, in rounds that nobody waits for: the
 * first is begun at the start of the work, any other once rank 0 has called it (struct order). A
 * rank looks now and then whether the round is complete; at most one is open at a time. */
#ifndef VERIFY_MPI_PROGRESS_H
#define VERIFY_MPI_PROGRESS_H

#include "job/progress_lines.h"
#include "ranks.h"
#include "screen.h"

struct progress {
    const struct ranks *ranks;
    struct screen *screen;
    uint64_t rounds;    /* begun by this rank */
    bool all_finished;  /* on rank 0: in the last complete round all ranks had finished */
    bool failure_shown; /* on rank 0: an ERROR line has said why a rank failed */
    MPI_Request gathering;
    struct verify_progress mine; /* on its way */
    struct progress_said said;   /* to this rank's own log */
    struct verify_progress *all; /* [ranks] on rank 0: of the open round; owned */
    struct progress_said *shown; /* [ranks] on rank 0: on the screen; owned */
};

/* On failure, too, progress_close must be called. Not collective. */
enum status progress_open(const struct ranks *ranks, struct screen *screen,
                          struct progress *progress);
/* No round may be open; zeroed is fine. */
void progress_close(struct progress *progress);

/* Begins a round with what is to be said of this rank, which is copied. None may be open. */
void progress_begin(struct progress *progress, const struct verify_progress *mine);

/* Whether a round is open, as far as progress_complete has found. */
bool progress_is_open(const struct progress *progress);

/* Whether no round is open; on rank 0 shows the one that has become complete. Never waits. */
bool progress_complete(struct progress *progress);

#endif
