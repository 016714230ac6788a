/* Rank 0's list of images → each rank's contiguous share. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job/split.h"
#include "pulse.h"
#include "share.h"

/* A round moves at most this many bytes in all: MPI counts are int, and rank 0 packs a round into
 * memory of its own. */
enum { ROUND_BYTES = 1 << 22 };

/* On rank 0, where some images are done: those that are left to do, and their places in the list of
 * all. */
static enum status find_left(const struct ranks *ranks, const struct path_list *images,
                             const uint8_t *done, struct path_list *left, uint64_t **indices) {
    enum status status;
    size_t n = 0;
    TRY(memory_zeroed(images->count, sizeof **indices, indices));
    for (size_t i = 0; i < images->count; i++) {
        pulse_tick(ranks->pulse);
        if (done[i / 8] >> i % 8 & 1)
            continue;
        (*indices)[n++] = i;
        TRY(path_list_add(left, path_list_get(images, i)));
    }
out:
    return status;
}

/* What rank 0 sends in one call: of each rank, how much and where it lies in the buffer. */
struct pieces {
    int *counts, *offsets; /* [ranks]; owned */
    char *buffer;          /* owned; NULL where what is sent lies elsewhere */
};

/* On failure, too, pieces_free must be called. */
static enum status pieces_make(int ranks, size_t bytes, struct pieces *pieces) {
    size_t n = (size_t)ranks;
    enum status status = memory_zeroed(n, sizeof *pieces->counts, &pieces->counts);
    status = status_worse(status, memory_zeroed(n, sizeof *pieces->offsets, &pieces->offsets));
    return bytes ? status_worse(status, memory_zeroed(bytes, 1, &pieces->buffer)) : status;
}

static void pieces_free(struct pieces *pieces) {
    free(pieces->counts);
    free(pieces->offsets);
    free(pieces->buffer);
}

/* Round `round` of every rank's bytes, packed side by side. */
static void pack_round(int ranks, const struct path_list *images, size_t round, size_t piece,
                       struct pieces *pieces) {
    size_t used = 0;
    for (int r = 0; r < ranks; r++) {
        struct byte_range range = split_piece(split_bytes(images, ranks, r), round, piece);
        pieces->counts[r] = (int)range.length;
        pieces->offsets[r] = (int)used;
        if (range.length)
            memcpy(pieces->buffer + used, images->bytes + range.from, range.length);
        used += range.length;
    }
}

/* How many bytes this rank's share has, and the longest. */
static void share_lengths(const struct ranks *ranks, const struct path_list *images,
                          uint64_t *lengths, uint64_t *mine, uint64_t *longest) {
    MPI_Request request;
    *longest = 0;
    for (int r = 0; ranks->rank == 0 && r < ranks->size; r++) {
        lengths[r] = split_bytes(images, ranks->size, r).length;
        *longest = lengths[r] > *longest ? lengths[r] : *longest;
    }
    MPI_Iscatter(lengths, 1, MPI_UINT64_T, mine, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    MPI_Ibcast(longest, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
}

/* Every rank's share of the paths, in rounds. */
static enum status scatter_paths(const struct ranks *ranks, const struct path_list *images,
                                 struct path_list *share) {
    enum status status;
    MPI_Request request;
    struct pieces pieces = {0};
    char *mine = NULL;
    uint64_t *lengths = NULL;
    uint64_t own_length = 0, longest;
    size_t piece = ROUND_BYTES / (size_t)ranks->size;
    /* Everything that may fail, on every rank, before the first collective call. */
    size_t room = images->length < ROUND_BYTES ? images->length : ROUND_BYTES;
    status = memory_zeroed((size_t)ranks->size, sizeof *lengths, &lengths);
    status = status_worse(status, pieces_make(ranks->size, room, &pieces));
    TRY(agree(ranks, status));
    share_lengths(ranks, images, lengths, &own_length, &longest);
    TRY(agree(ranks, memory_zeroed(own_length, 1, &mine)));
    for (size_t round = 0; round * piece < longest; round++) {
        if (ranks->rank == 0)
            pack_round(ranks->size, images, round, piece, &pieces);
        struct byte_range range = split_piece((struct byte_range){0, own_length}, round, piece);
        MPI_Iscatterv(pieces.buffer, pieces.counts, pieces.offsets, MPI_CHAR, mine + range.from,
                      (int)range.length, MPI_CHAR, 0, MPI_COMM_WORLD, &request);
        wait_for(ranks, &request);
    }
    status = path_list_adopt(share, mine, own_length);
    if (status == STATUS_OK)
        mine = NULL;
    status = agree(ranks, status);
out:
    free(mine);
    free(lengths);
    pieces_free(&pieces);
    return status;
}

/* Every rank's share of all images, where none is done. */
static void number_share(const struct ranks *ranks, struct share *share) {
    size_t first = split_start(share->total_images, ranks->size, ranks->rank);
    for (size_t i = 0; i < share->images.count; i++)
        share->indices[i] = first + i;
}

/* Every rank's share of the indices of the `total` images that are left. */
static enum status scatter_indices(const struct ranks *ranks, const uint64_t *indices, size_t total,
                                   struct share *share) {
    enum status status;
    MPI_Request request;
    struct pieces pieces = {0};
    status = pieces_make(ranks->size, 0, &pieces);
    if (total > INT32_MAX)
        status = FAIL(STATUS_FAILED, "too many images: %zu", total);
    TRY(agree(ranks, status));
    for (int r = 0; ranks->rank == 0 && r < ranks->size; r++) {
        pieces.offsets[r] = (int)split_start(total, ranks->size, r);
        pieces.counts[r] = (int)split_start(total, ranks->size, r + 1) - pieces.offsets[r];
    }
    MPI_Iscatterv(indices, pieces.counts, pieces.offsets, MPI_UINT64_T, share->indices,
                  (int)share->images.count, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
out:
    pieces_free(&pieces);
    return status;
}

enum status share_scatter(const struct ranks *ranks, const struct path_list *images,
                          struct share *share) {
    enum status status;
    MPI_Request request;
    struct path_list left = {0};
    uint64_t *indices = NULL;
    const struct path_list *to_do = share->done_before ? &left : images;
    /* On rank 0, then on all. */
    uint64_t known[] = {images->count, share->done_before};
    MPI_Ibcast(known, sizeof known / sizeof *known, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    share->total_images = known[0];
    share->done_before = known[1];
    status = ranks->rank == 0 && share->done_before
                 ? find_left(ranks, images, share->done, &left, &indices)
                 : STATUS_OK;
    TRY(agree(ranks, status));
    TRY(scatter_paths(ranks, to_do, &share->images));
    status = memory_zeroed(share->images.count, sizeof *share->indices, &share->indices);
    TRY(agree(ranks, status));
    if (share->done_before)
        TRY(scatter_indices(ranks, indices, to_do->count, share));
    else
        number_share(ranks, share);
out:
    path_list_free(&left);
    free(indices);
    return status;
}

void share_free(struct share *share) {
    path_list_free(&share->images);
    free(share->indices);
    free(share->done);
}
