#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job.h"
#include "pulse.h"

/* Bytes of every rank, one after the other in rank order, on rank 0; *all is the caller's. */
static enum status gather_bytes(const struct job *job, const void *mine, size_t length, char **all,
                                size_t *total) {
    enum status status;
    MPI_Request request;
    int *counts = NULL, *offsets = NULL, count = (int)length;
    uint64_t sum = 0, own = length;
    *all = NULL;
    *total = 0;
    MPI_Iallreduce(&own, &sum, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    if (sum > INT_MAX)
        return FAIL(STATUS_FAILED, "the failures of all ranks take %llu bytes: too many to report",
                    (unsigned long long)sum);
    status = status_worse(memory_zeroed((size_t)job->size, sizeof *counts, &counts),
                          memory_zeroed((size_t)job->size, sizeof *offsets, &offsets));
    status = status_worse(status, memory_zeroed(job->rank == 0 ? sum : 0, 1, all));
    TRY(agree(job, status));
    MPI_Igather(&count, 1, MPI_INT, counts, 1, MPI_INT, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    for (int r = 1; r < job->size; r++)
        offsets[r] = offsets[r - 1] + counts[r - 1];
    MPI_Igatherv(mine, count, MPI_BYTE, *all, counts, offsets, MPI_BYTE, 0, MPI_COMM_WORLD,
                 &request);
    wait_for(job, &request);
    *total = sum;
out:
    free(counts);
    free(offsets);
    return status;
}

static enum status reduce_counts(struct job *job) {
    struct tally *tally = &job->tally;
    MPI_Request request;
    if (tally->length > INT_MAX)
        return FAIL(STATUS_FAILED, "too many classes to count: %zu", tally->n_classes);
    MPI_Ireduce(job->rank == 0 ? MPI_IN_PLACE : tally->counts, tally->counts, (int)tally->length,
                MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    return STATUS_OK;
}

static enum status reduce_swaps(struct job *job) {
    struct tally *tally = &job->tally;
    char *bytes = NULL;
    size_t total = 0;
    enum status status;
    TRY(gather_bytes(job, tally->swaps, tally->n_swaps * sizeof *tally->swaps, &bytes, &total));
    if (job->rank == 0) {
        tally->n_swaps = 0; /* rank 0's own are among those gathered */
        for (size_t at = 0; status == STATUS_OK && bytes && at < total;
             at += sizeof(struct swap_count)) {
            struct swap_count swap;
            pulse_tick(job->pulse);
            memcpy(&swap, bytes + at, sizeof swap);
            status = tally_add_swaps(tally, swap.labelled, swap.suggested, swap.count);
        }
    }
    status = agree(job, status);
out:
    free(bytes);
    return status;
}

/* Failures of all ranks, in list order. */
static enum status gather_failures(struct job *job) {
    struct tally *tally = &job->tally;
    char *lines = NULL, *bytes = NULL;
    size_t length = 0, size = 0;
    enum status status;
    TRY(gather_bytes(job, tally->failures.data, tally->failures.length, &lines, &length));
    TRY(gather_bytes(job, tally->failure_indices,
                     tally->n_failures * sizeof *tally->failure_indices, &bytes, &size));
    if (job->rank == 0) {
        const char *line = lines;
        text_clear(&tally->failures);
        tally->n_failures = 0; /* rank 0's own are among those gathered */
        for (size_t at = 0; status == STATUS_OK && at < size; at += sizeof(uint64_t)) {
            uint64_t index;
            pulse_tick(job->pulse);
            size_t line_length = strcspn(line, "\n");
            memcpy(&index, bytes + at, sizeof index);
            status = tally_add_failure(tally, index, line, line_length);
            line += line_length + 1;
        }
        if (status == STATUS_OK)
            status = tally_sort_failures(tally);
    }
    status = agree(job, status);
out:
    free(lines);
    free(bytes);
    return status;
}

enum status job_reduce(struct job *job) {
    enum status status;
    TRY(reduce_counts(job));
    TRY(reduce_swaps(job));
    TRY(gather_failures(job));
out:
    return status;
}
