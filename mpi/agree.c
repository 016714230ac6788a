#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/shown.h"
#include "job.h"
#include "pulse.h"

enum { MESSAGE_BYTES = 2048 };

/* Others may have much to do before they come: who waits leaves them the cores, after a while that
 * is longer than what a collective call itself mostly takes, and says so once. */
#define YIELD_SECONDS 0.02
#define SAY_SECONDS   30

void wait_for(const struct job *job, MPI_Request *request) {
    double start = pulse_clock();
    bool said = job->rank != 0;
    for (int complete = 0; !complete;) {
        pulse_tick(job->pulse);
        MPI_Test(request, &complete, MPI_STATUS_IGNORE);
        double waited = pulse_clock() - start;
        if (complete || waited < YIELD_SECONDS)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        if (!said && waited > SAY_SECONDS) {
            line_print(stderr, "verify: waiting for other processes for more than %d s",
                       SAY_SECONDS);
            said = true;
        }
    }
}

enum status agree(const struct job *job, enum status mine) {
    MPI_Comm comm = MPI_COMM_WORLD;
    int rank = job->rank;
    /* MAXLOC gives the lowest rank among equals. */
    struct {
        int status, rank;
    } own = {(int)mine, rank}, worst;
    MPI_Request request;
    MPI_Iallreduce(&own, &worst, 1, MPI_2INT, MPI_MAXLOC, comm, &request);
    wait_for(job, &request);
    if (worst.status == STATUS_OK)
        return STATUS_OK;
    char message[MESSAGE_BYTES] = "";
    if (rank == worst.rank && rank == 0)
        snprintf(message, sizeof message, "%s", status_message());
    else if (rank == worst.rank)
        snprintf(message, sizeof message, "rank %d on %.255s: %s", rank, job->host,
                 status_message());
    MPI_Ibcast(message, MESSAGE_BYTES, MPI_CHAR, worst.rank, comm, &request);
    wait_for(job, &request);
    return FAIL((enum status)worst.status, "%s", message);
}

void abort_job(void) {
    /* MPI_Abort asks mpirun, which may be gone. */
    enum { PATIENCE_SECONDS = 5 };
    alarm(PATIENCE_SECONDS);
    MPI_Abort(MPI_COMM_WORLD, STATUS_FAILED);
    _exit(STATUS_FAILED);
}
