/* The counts, swaps and failures of all ranks, brought together on rank 0. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pulse.h"
#include "totals.h"

/* Bytes of every rank, one after the other in rank order, on rank 0; *all is the caller's. */
static enum status gather_bytes(const struct ranks *ranks, const void *mine, size_t length,
                                char **all, size_t *total) {
    enum status status;
    MPI_Request request;
    int *counts = NULL, *offsets = NULL, count = (int)length;
    uint64_t sum = 0, own = length;
    *all = NULL;
    *total = 0;
    MPI_Iallreduce(&own, &sum, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    if (sum > INT_MAX)
        return FAIL(STATUS_FAILED, "the failures of all ranks take %llu bytes: too many to report",
                    (unsigned long long)sum);
    status = status_worse(memory_zeroed((size_t)ranks->size, sizeof *counts, &counts),
                          memory_zeroed((size_t)ranks->size, sizeof *offsets, &offsets));
    status = status_worse(status, memory_zeroed(ranks->rank == 0 ? sum : 0, 1, all));
    TRY(agree(ranks, status));
    MPI_Igather(&count, 1, MPI_INT, counts, 1, MPI_INT, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    for (int r = 1; r < ranks->size; r++)
        offsets[r] = offsets[r - 1] + counts[r - 1];
    MPI_Igatherv(mine, count, MPI_BYTE, *all, counts, offsets, MPI_BYTE, 0, MPI_COMM_WORLD,
                 &request);
    wait_for(ranks, &request);
    *total = sum;
out:
    free(counts);
    free(offsets);
    return status;
}

/* Adds every rank's counts to those of rank 0. */
static enum status reduce_counts(const struct ranks *ranks, uint64_t *counts, size_t n) {
    MPI_Request request;
    if (n > INT_MAX)
        return FAIL(STATUS_FAILED, "too many classes to count: %zu counts", n);
    MPI_Ireduce(ranks->rank == 0 ? MPI_IN_PLACE : counts, counts, (int)n, MPI_UINT64_T, MPI_SUM, 0,
                MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    return STATUS_OK;
}

static enum status reduce_swaps(const struct ranks *ranks, struct tally *tally) {
    char *bytes = NULL;
    size_t total = 0;
    enum status status;
    TRY(gather_bytes(ranks, tally->swaps, tally->n_swaps * sizeof *tally->swaps, &bytes, &total));
    if (ranks->rank == 0) {
        tally->n_swaps = 0; /* rank 0's own are among those gathered */
        for (size_t at = 0; status == STATUS_OK && bytes && at < total;
             at += sizeof(struct swap_count)) {
            struct swap_count swap;
            pulse_tick(ranks->pulse);
            memcpy(&swap, bytes + at, sizeof swap);
            status = tally_add_swaps(tally, swap.labelled, swap.suggested, swap.count);
        }
    }
    status = agree(ranks, status);
out:
    free(bytes);
    return status;
}

/* Failures of all ranks, in list order. */
static enum status gather_failures(const struct ranks *ranks, struct tally *tally) {
    char *lines = NULL, *bytes = NULL;
    size_t length = 0, size = 0;
    enum status status;
    TRY(gather_bytes(ranks, tally->failures.data, tally->failures.length, &lines, &length));
    TRY(gather_bytes(ranks, tally->failure_indices,
                     tally->n_failures * sizeof *tally->failure_indices, &bytes, &size));
    if (ranks->rank == 0) {
        const char *line = lines;
        text_clear(&tally->failures);
        tally->n_failures = 0; /* rank 0's own are among those gathered */
        for (size_t at = 0; status == STATUS_OK && at < size; at += sizeof(uint64_t)) {
            uint64_t index;
            pulse_tick(ranks->pulse);
            size_t line_length = strcspn(line, "\n");
            memcpy(&index, bytes + at, sizeof index);
            status = tally_add_failure(tally, index, line, line_length);
            line += line_length + 1;
        }
        if (status == STATUS_OK)
            status = tally_sort_failures(tally);
    }
    status = agree(ranks, status);
out:
    free(lines);
    free(bytes);
    return status;
}

enum status tally_reduce(const struct ranks *ranks, struct tally *tally) {
    enum status status;
    TRY(reduce_counts(ranks, tally->counts, tally->length));
    TRY(reduce_swaps(ranks, tally));
    TRY(gather_failures(ranks, tally));
out:
    return status;
}

enum status self_test_reduce(const struct ranks *ranks, double max_margin, struct totals *totals) {
    enum status status;
    struct self_test_sums *sums = &totals->tally.self_test;
    if (!totals->has_self_test)
        return STATUS_OK;
    TRY(reduce_counts(ranks, sums->counts, sums->length));
    if (ranks->rank == 0)
        totals->self_test = self_test_make(sums, max_margin);
out:
    return status;
}
