#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "job.h"

enum { MESSAGE_BYTES = 2048 };

/* Others may have much to do before they agree: who waits leaves them the cores, and says so once.
 */
static void wait_for_all(MPI_Request *request, bool speaks) {
    enum { YIELDS = 200, SLEEP_NS = 1000000, SAY_SECONDS = 30 };
    long turns = 0;
    int complete = 0;
    for (MPI_Test(request, &complete, MPI_STATUS_IGNORE); !complete;
         MPI_Test(request, &complete, MPI_STATUS_IGNORE)) {
        if (++turns < YIELDS)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = SLEEP_NS}, NULL);
        if (speaks && turns == YIELDS + SAY_SECONDS * (1000000000 / SLEEP_NS))
            fprintf(stderr, "verify: waiting for other processes for more than %d s\n",
                    SAY_SECONDS);
    }
}

enum status agree(MPI_Comm comm, enum status mine) {
    int rank;
    MPI_Comm_rank(comm, &rank);
    /* MAXLOC gives the lowest rank among equals. */
    struct {
        int status, rank;
    } own = {(int)mine, rank}, worst;
    MPI_Request request;
    MPI_Iallreduce(&own, &worst, 1, MPI_2INT, MPI_MAXLOC, comm, &request);
    wait_for_all(&request, rank == 0);
    if (worst.status == STATUS_OK)
        return STATUS_OK;
    char message[MESSAGE_BYTES] = "";
    if (rank == worst.rank)
        snprintf(message, sizeof message, "%s", status_message());
    MPI_Bcast(message, MESSAGE_BYTES, MPI_CHAR, worst.rank, comm);
    return FAIL((enum status)worst.status, "%s", message);
}

void abort_job(void) {
    /* MPI_Abort asks mpirun, which may be gone. */
    enum { PATIENCE_SECONDS = 5 };
    alarm(PATIENCE_SECONDS);
    MPI_Abort(MPI_COMM_WORLD, STATUS_FAILED);
    _exit(STATUS_FAILED);
}
