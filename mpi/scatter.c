#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job.h"
#include "pulse.h"

/* A round moves at most this many bytes in all: MPI counts are int, and rank 0 packs a round into
 * memory of its own. */
enum { ROUND_BYTES = 1 << 22 };

/* First image of a rank's contiguous share; the first total % size ranks have one more. */
static size_t share_start(size_t total, int size, int rank) {
    size_t n = (size_t)size, r = (size_t)rank, extra = total % n;
    return r * (total / n) + (r < extra ? r : extra);
}

/* Byte where the image `index` begins; the end of the list for index == count. */
static size_t byte_start(const struct path_list *list, size_t index) {
    return index < list->count ? list->start[index] : list->length;
}

/* Round `round` of every rank's bytes, packed side by side. */
static void pack_round(const struct job *job, const struct path_list *images, size_t round,
                       size_t piece, char *buffer, int *counts, int *offsets) {
    int used = 0;
    for (int r = 0; r < job->size; r++) {
        size_t begin = byte_start(images, share_start(images->count, job->size, r));
        size_t end = byte_start(images, share_start(images->count, job->size, r + 1));
        size_t from = begin + round * piece < end ? begin + round * piece : end;
        size_t length = end - from < piece ? end - from : piece;
        counts[r] = (int)length;
        offsets[r] = used;
        if (length)
            memcpy(buffer + used, images->bytes + from, length);
        used += (int)length;
    }
}

/* On rank 0, where some images are done: those that are left to do, and their places in the list of
 * all. */
static enum status find_left(const struct job *job, struct path_list *left, uint64_t **indices) {
    enum status status;
    const struct path_list *images = &job->dataset.images;
    size_t n = 0;
    TRY(memory_zeroed(images->count, sizeof **indices, indices));
    for (size_t i = 0; i < images->count; i++) {
        pulse_tick(job->pulse);
        if (job->done[i / 8] >> i % 8 & 1)
            continue;
        (*indices)[n++] = i;
        TRY(path_list_add(left, path_list_get(images, i)));
    }
out:
    return status;
}

/* Every rank's share of all images, where none is done. */
static void number_share(struct job *job) {
    size_t first = share_start(job->total_images, job->size, job->rank);
    for (size_t i = 0; i < job->share.count; i++)
        job->share_indices[i] = first + i;
}

/* Every rank's share of the indices of the `total` images that are left. */
static enum status scatter_indices(struct job *job, const uint64_t *indices, size_t total) {
    enum status status;
    MPI_Request request;
    int *counts = NULL, *offsets = NULL;
    status = memory_zeroed((size_t)job->size, sizeof *counts, &counts);
    status = status_worse(status, memory_zeroed((size_t)job->size, sizeof *offsets, &offsets));
    if (total > INT32_MAX)
        status = FAIL(STATUS_FAILED, "too many images: %zu", total);
    TRY(agree(job, status));
    for (int r = 0; job->rank == 0 && r < job->size; r++) {
        offsets[r] = (int)share_start(total, job->size, r);
        counts[r] = (int)share_start(total, job->size, r + 1) - offsets[r];
    }
    MPI_Iscatterv(indices, counts, offsets, MPI_UINT64_T, job->share_indices, (int)job->share.count,
                  MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
out:
    free(counts);
    free(offsets);
    return status;
}

enum status job_scatter(struct job *job) {
    enum status status;
    MPI_Request request;
    char *mine = NULL, *buffer = NULL;
    int *counts = NULL, *offsets = NULL;
    struct path_list left = {0};
    const struct path_list *images = job->done_before ? &left : &job->dataset.images;
    size_t ranks = (size_t)job->size, piece = ROUND_BYTES / ranks;
    uint64_t *lengths = NULL, *indices = NULL, my_length = 0, longest = 0;
    /* On rank 0, then on all. */
    uint64_t known[] = {job->dataset.images.count, job->done_before};

    MPI_Ibcast(known, sizeof known / sizeof *known, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    job->total_images = known[0];
    job->done_before = known[1];
    status = job->rank == 0 && job->done_before ? find_left(job, &left, &indices) : STATUS_OK;
    TRY(agree(job, status));
    /* Everything that may fail, on every rank, before the first collective call. */
    size_t room = images->length < ROUND_BYTES ? images->length : ROUND_BYTES;
    status = memory_zeroed(ranks, sizeof *lengths, &lengths);
    status = status_worse(status, memory_zeroed(ranks, sizeof *counts, &counts));
    status = status_worse(status, memory_zeroed(ranks, sizeof *offsets, &offsets));
    status = status_worse(status, memory_zeroed(room, 1, &buffer));
    TRY(agree(job, status));
    for (int r = 0; job->rank == 0 && r < job->size; r++) {
        lengths[r] = byte_start(images, share_start(images->count, job->size, r + 1)) -
                     byte_start(images, share_start(images->count, job->size, r));
        longest = lengths[r] > longest ? lengths[r] : longest;
    }
    MPI_Iscatter(lengths, 1, MPI_UINT64_T, &my_length, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD,
                 &request);
    wait_for(job, &request);
    MPI_Ibcast(&longest, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    TRY(agree(job, memory_zeroed(my_length, 1, &mine)));
    for (size_t round = 0; round * piece < longest; round++) {
        if (job->rank == 0)
            pack_round(job, images, round, piece, buffer, counts, offsets);
        size_t from = round * piece < my_length ? round * piece : my_length;
        size_t length = my_length - from < piece ? my_length - from : piece;
        MPI_Iscatterv(buffer, counts, offsets, MPI_CHAR, mine + from, (int)length, MPI_CHAR, 0,
                      MPI_COMM_WORLD, &request);
        wait_for(job, &request);
    }
    status = path_list_adopt(&job->share, mine, my_length);
    if (status == STATUS_OK)
        mine = NULL;
    status = status_worse(
        status, memory_zeroed(job->share.count, sizeof *job->share_indices, &job->share_indices));
    TRY(agree(job, status));
    if (job->done_before)
        TRY(scatter_indices(job, indices, images->count));
    else
        number_share(job);
out:
    path_list_free(&left);
    free(indices);
    free(mine);
    free(buffer);
    free(counts);
    free(offsets);
    free(lengths);
    return status;
}
