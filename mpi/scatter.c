/* Rank 0's list of images → each rank's contiguous share. */
#include <stdlib.h>

#include "base/memory.h"
#include "job/deal.h"
#include "pulse.h"
#include "share.h"

/* A round moves about this many bytes in all: MPI counts are int, and rank 0 packs a round into
 * memory of its own. */
enum { ROUND_BYTES = 1 << 22 };

/* What rank 0 tells a rank of a round: how many bytes it gets, and whether there is another one. */
struct round {
    int bytes, more;
};

/* What is sent, on rank 0, and what this rank gets. */
struct dealing {
    size_t index_capacity; /* of the share's indices */
    struct deal *deals;    /* [ranks]; owned, as all that follows */
    struct round *rounds;
    int *counts, *offsets;
    struct text pieces; /* of a round, side by side */
    char *mine;
    size_t mine_capacity;
};

/* On failure, too, dealing_free must be called. */
static enum status dealing_make(const struct ranks *ranks, const struct packed_paths *images,
                                const struct share *share, struct dealing *dealing) {
    enum status status = STATUS_OK;
    const size_t n = (size_t)ranks->size;
    if (ranks->rank != 0)
        return STATUS_OK;
    TRY(memory_zeroed(n, sizeof *dealing->deals, &dealing->deals));
    TRY(memory_zeroed(n, sizeof *dealing->rounds, &dealing->rounds));
    TRY(memory_zeroed(n, sizeof *dealing->counts, &dealing->counts));
    TRY(memory_zeroed(n, sizeof *dealing->offsets, &dealing->offsets));
    deals_begin(images, share->done_before ? share->done : NULL, images->count - share->done_before,
                ranks->size, dealing->deals);
out:
    return status;
}

static void dealing_free(const struct ranks *ranks, struct dealing *dealing) {
    deals_free(dealing->deals, ranks->size);
    free(dealing->deals);
    free(dealing->rounds);
    free(dealing->counts);
    free(dealing->offsets);
    free(dealing->mine);
    text_free(&dealing->pieces);
}

/* On rank 0: packs a round. After a failure nothing is sent any more. */
static enum status pack_round(const struct ranks *ranks, struct dealing *dealing) {
    enum status status = STATUS_OK;
    bool more = false;
    text_clear(&dealing->pieces);
    for (int r = 0; r < ranks->size; r++) {
        const size_t before = dealing->pieces.length;
        if (status == STATUS_OK)
            status =
                deal_piece(&dealing->deals[r], ROUND_BYTES / (size_t)ranks->size, &dealing->pieces);
        dealing->offsets[r] = (int)before;
        dealing->counts[r] = (int)(dealing->pieces.length - before);
        more = more || dealing->deals[r].left > 0;
    }
    for (int r = 0; r < ranks->size; r++) {
        if (status != STATUS_OK)
            dealing->counts[r] = dealing->offsets[r] = 0;
        dealing->rounds[r] = (struct round){dealing->counts[r], more && status == STATUS_OK};
    }
    return status;
}

/* A round; *more: another one follows. A rank without the memory for its piece takes part to the
 * end of this round, which is the last one then. */
static enum status deal_round(const struct ranks *ranks, struct dealing *dealing,
                              struct share *share, bool *more) {
    enum status status = STATUS_OK;
    MPI_Request request;
    struct round round;
    if (ranks->rank == 0)
        status = pack_round(ranks, dealing);
    MPI_Iscatter(dealing->rounds, 2, MPI_INT, &round, 2, MPI_INT, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    status = status_worse(
        status, memory_reserve(&dealing->mine, &dealing->mine_capacity, (size_t)round.bytes, 1));
    TRY(agree(ranks, status));
    MPI_Iscatterv(dealing->pieces.data, dealing->counts, dealing->offsets, MPI_CHAR, dealing->mine,
                  round.bytes, MPI_CHAR, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    *more = round.more;
    status = deal_take(dealing->mine, (size_t)round.bytes, &share->images, &share->indices,
                       &dealing->index_capacity);
    TRY(agree(ranks, status));
out:
    return status;
}

enum status share_scatter(const struct ranks *ranks, const struct packed_paths *images,
                          struct share *share) {
    enum status status;
    MPI_Request request;
    struct dealing dealing = {0};
    bool more = true;
    /* On rank 0, then on all. */
    uint64_t known[] = {images->count, share->done_before};
    MPI_Ibcast(known, sizeof known / sizeof *known, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    share->total_images = known[0];
    share->done_before = known[1];
    TRY(agree(ranks, dealing_make(ranks, images, share, &dealing)));
    while (more)
        TRY(deal_round(ranks, &dealing, share, &more));
    packed_paths_trim(&share->images);
out:
    dealing_free(ranks, &dealing);
    return status;
}

void share_free(struct share *share) {
    packed_paths_free(&share->images);
    free(share->indices);
    free(share->done);
}
