#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job.h"
#include "job/devices.h"
#include "screen.h"

/* Who has which device; plain data, sent as bytes. */
struct holder {
    char host[256], device[256];
};

/* The lowest rank with the same device on the same host; its own where nobody else has it. */
static int first_holder(const struct holder *all, int rank) {
    int r = 0;
    while (strcmp(all[r].host, all[rank].host) != 0 || strcmp(all[r].device, all[rank].device) != 0)
        r++;
    return r;
}

/* One process uses one GPU: of a list that is longer than a node has processes, the rest idles. */
static void warn_of_idle(struct job *job) {
    struct devices devices;
    if (devices_read(job->options.device, &devices) == STATUS_OK &&
        devices.count > (size_t)job->local_size)
        screen_warning(job->screen, job->interface->prefix,
                       "--device %s names %zu GPUs and %d of them will work: start a process for "
                       "each (mpirun -np %zu)",
                       job->options.device, devices.count, job->local_size, devices.count);
}

enum status job_warn_of_sharing(struct job *job) {
    struct holder mine = {0}, *all = NULL;
    MPI_Request request;
    enum status status = memory_zeroed((size_t)job->size, sizeof *all, &all);
    TRY(agree(job, status));
    snprintf(mine.host, sizeof mine.host, "%s", job->host);
    snprintf(mine.device, sizeof mine.device, "%s", job->device);
    MPI_Iallgather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, MPI_COMM_WORLD,
                   &request);
    wait_for(job, &request);
    if (job->rank == 0)
        warn_of_idle(job);
    for (int r = 0; r < job->size; r++) {
        int first = first_holder(all, r);
        if (first == r)
            continue;
        if (r == job->rank)
            screen_own(job->screen, "[%s %d] WARNING: shares %s with rank %d",
                       job->interface->prefix, r, all[r].device, first);
        if (job->rank == 0)
            screen_line(job->screen, "[%s %d] WARNING: shares %s with rank %d",
                        job->interface->prefix, r, all[r].device, first);
    }
out:
    free(all);
    return status;
}

void job_warn_of_lack(struct job *job) {
    struct {
        char host[256], reason[512];
    } lack = {0};
    MPI_Request request;
    int mine = job->lacks[0] ? job->rank : INT_MAX, first;
    MPI_Iallreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    if (first == INT_MAX)
        return;
    snprintf(lack.host, sizeof lack.host, "%s", job->host);
    snprintf(lack.reason, sizeof lack.reason, "%s", job->lacks);
    MPI_Ibcast(&lack, sizeof lack, MPI_BYTE, first, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    if (job->rank == 0)
        screen_warning(job->screen, job->interface->prefix,
                       "no rank uses a GPU, since rank %d on %s cannot: %s", first, lack.host,
                       lack.reason);
}
