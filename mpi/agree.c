/* How ranks wait for each other, agree on a status, and end together. */
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shown.h"
#include "ending.h"
#include "job/waiting.h"
#include "pulse.h"
#include "ranks.h"

enum { MESSAGE_BYTES = 2048 };

void wait_for(const struct ranks *ranks, MPI_Request *request) {
    struct waiting waiting = waiting_start(ranks->rank != 0, clock_seconds());
    for (int complete = 0; !complete;) {
        pulse_tick(ranks->pulse);
        MPI_Test(request, &complete, MPI_STATUS_IGNORE);
        double now = clock_seconds();
        if (!complete && waiting_may_sleep(&waiting, now))
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        else
            sched_yield();
        if (waiting_is_long(&waiting, now))
            line_print(stderr, "verify: waiting for other processes for more than %d s",
                       WAITING_SAY_SECONDS);
    }
}

enum status agree(const struct ranks *ranks, enum status mine) {
    MPI_Comm comm = MPI_COMM_WORLD;
    int rank = ranks->rank;
    /* MAXLOC gives the lowest rank among equals. */
    struct {
        int status, rank;
    } own = {(int)mine, rank}, worst;
    MPI_Request request;
    MPI_Iallreduce(&own, &worst, 1, MPI_2INT, MPI_MAXLOC, comm, &request);
    wait_for(ranks, &request);
    if (worst.status == STATUS_OK)
        return STATUS_OK;
    char message[MESSAGE_BYTES] = "";
    if (rank == worst.rank && rank == 0)
        snprintf(message, sizeof message, "%s", status_message());
    else if (rank == worst.rank)
        snprintf(message, sizeof message, "rank %d on %.255s: %s", rank, ranks->host,
                 status_message());
    MPI_Ibcast(message, MESSAGE_BYTES, MPI_CHAR, worst.rank, comm, &request);
    wait_for(ranks, &request);
    return FAIL((enum status)worst.status, "%s", message);
}

void abort_job(void) {
    /* MPI_Abort asks mpirun, which may be gone. */
    enum { PATIENCE_SECONDS = 5 };
    ending_alarm(PATIENCE_SECONDS);
    MPI_Abort(MPI_COMM_WORLD, STATUS_FAILED);
    _exit(STATUS_FAILED);
}
