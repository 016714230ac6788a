/* The ranks of a job, and how they come to the same decision. */
#ifndef VERIFY_MPI_RANKS_H
#define VERIFY_MPI_RANKS_H

#include <mpi.h>

#include "base/status.h"
#include "job/options.h"

struct pulse;

enum { HOST_BYTES = 256 };

/* Zeroed at first. */
struct ranks {
    int rank, size;
    int local_rank, local_size; /* among the ranks of this node */
    char host[HOST_BYTES];
    MPI_Comm work_comm;  /* what ranks say to each other while the work runs, and nothing else */
    struct pulse *pulse; /* NULL: ranks are not yet watched */
};

/* launch.c — collective: finds the ranks, reads the flags, and makes sure that all ranks were
 * started alike. */
enum status ranks_start(struct ranks *ranks, int argc, char **argv, struct options *options);
/* Collective: after ranks_start, whatever that returned. */
void ranks_free(struct ranks *ranks);

/* agree.c — collective: all ranks learn whether any failed. Returns the worst status; its message
 * (of the lowest rank that has it) becomes every rank's status_message. Where that is not rank 0's,
 * which then had no such failure, it begins with the rank and its host. */
enum status agree(const struct ranks *ranks, enum status mine);
/* Waits for a collective call of all ranks. From the start of the work (ranks->pulse) does not
 * return where a rank is lost: the job is aborted. */
void wait_for(const struct ranks *ranks, MPI_Request *request);
/* Ends all ranks where one of them does not answer any more. Not collective. */
_Noreturn void abort_job(void);

#endif
