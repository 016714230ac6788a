#include <stdio.h>
#include <string.h>

#include "job.h"

enum { MESSAGE_BYTES = 2048 };

enum status agree(MPI_Comm comm, enum status mine) {
    int rank;
    MPI_Comm_rank(comm, &rank);
    /* MAXLOC gives the lowest rank among equals. */
    struct {
        int status, rank;
    } own = {(int)mine, rank}, worst;
    MPI_Allreduce(&own, &worst, 1, MPI_2INT, MPI_MAXLOC, comm);
    if (worst.status == STATUS_OK)
        return STATUS_OK;
    char message[MESSAGE_BYTES] = "";
    if (rank == worst.rank)
        snprintf(message, sizeof message, "%s", status_message());
    MPI_Bcast(message, MESSAGE_BYTES, MPI_CHAR, worst.rank, comm);
    return FAIL((enum status)worst.status, "%s", message);
}
