/* Finding copies of pictures: the tables are dealt out to the ranks, and what each rank's show is
 * joined on rank 0. */
#include "near.h"

#include <limits.h>
#include <stdlib.h>

#include "base/memory.h"
#include "output/near_pairs.h"
#include "pulse.h"

enum { ROUND_PAIRS = 1 << 20 }; /* that are sent at a time */

static void tick(void *context) {
    const struct ranks *ranks = context;
    pulse_tick(ranks->pulse);
}

/* How many ranks have tables. */
static int searching(const struct ranks *ranks) {
    return ranks->size < NEAR_TABLES ? ranks->size : NEAR_TABLES;
}

/* What this rank's tables show. */
static enum status search(const struct ranks *ranks, const struct sketches *sketches,
                          struct near_forest *forest) {
    enum status status;
    TRY(near_forest_make(sketches->count, forest));
    for (unsigned t = (unsigned)ranks->rank; t < NEAR_TABLES; t += (unsigned)ranks->size)
        TRY(near_pairs_find(sketches, t, tick, (void *)ranks, forest));
out:
    return status;
}

/* Collective: the pairs of a rank, a round at a time, to rank 0's forest. */
static enum status join_from(const struct ranks *ranks, int rank, struct near_forest *forest) {
    enum status status;
    MPI_Request request;
    struct near_pair *pairs = NULL;
    uint64_t count = forest->n_pairs;
    MPI_Ibcast(&count, 1, MPI_UINT64_T, rank, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    TRY(agree(ranks, memory_zeroed(ranks->rank ? 0 : ROUND_PAIRS, sizeof *pairs, &pairs)));
    for (uint64_t at = 0; at < count; at += ROUND_PAIRS) {
        uint64_t left = count - at;
        size_t n = left < ROUND_PAIRS ? (size_t)left : ROUND_PAIRS;
        if (ranks->rank != rank && ranks->rank != 0)
            continue;
        if (ranks->rank == rank)
            MPI_Isend(forest->pairs + at, (int)(n * sizeof *pairs), MPI_BYTE, 0, 0, MPI_COMM_WORLD,
                      &request);
        else
            MPI_Irecv(pairs, (int)(n * sizeof *pairs), MPI_BYTE, rank, 0, MPI_COMM_WORLD, &request);
        wait_for(ranks, &request);
        for (size_t i = 0; ranks->rank == 0 && status == STATUS_OK && i < n; i++)
            status = near_forest_join(forest, pairs[i]);
        pulse_tick(ranks->pulse);
    }
    status = agree(ranks, status);
out:
    free(pairs);
    return status;
}

enum status near_find(const struct ranks *ranks, const char *output,
                      const struct image_splits *splits, uint64_t images,
                      struct near_groups *groups) {
    enum status status = STATUS_OK;
    struct sketches sketches = {0};
    struct near_forest forest = {0};
    if (images > SKETCHES_MOST)
        status = FAIL(STATUS_FAILED, "more than %u images", SKETCHES_MOST);
    else if (ranks->rank < searching(ranks)) {
        status = sketches_open(output, (size_t)images, tick, (void *)ranks, &sketches);
        if (status == STATUS_OK)
            status = search(ranks, &sketches, &forest);
    }
    TRY(agree(ranks, status));
    for (int rank = 1; rank < searching(ranks); rank++)
        TRY(join_from(ranks, rank, &forest));
    if (ranks->rank == 0)
        status = near_groups_make(&sketches, splits, tick, (void *)ranks, &forest, groups);
    status = agree(ranks, status);
out:
    near_forest_free(&forest);
    sketches_close(&sketches);
    return status;
}
