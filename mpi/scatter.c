#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job.h"

/* MPI counts are int: a round moves at most this many bytes in all. */
enum { ROUND_BYTES = 1 << 28 };

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
static void pack_round(const struct job *job, size_t round, size_t piece, char *buffer, int *counts,
                       int *offsets) {
    const struct path_list *images = &job->dataset.images;
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

static enum status split(const char *bytes, size_t length, struct path_list *share) {
    enum status status = STATUS_OK;
    for (size_t at = 0; status == STATUS_OK && at < length; at += strlen(bytes + at) + 1)
        status = path_list_add(share, bytes + at);
    return status;
}

enum status job_scatter(struct job *job) {
    enum status status;
    char *mine = NULL, *buffer = NULL;
    int *counts = NULL, *offsets = NULL;
    const struct path_list *images = &job->dataset.images;
    size_t ranks = (size_t)job->size, piece = ROUND_BYTES / ranks;
    uint64_t *lengths = NULL, my_length = 0, longest = 0, total = images->count;

    /* Everything that may fail, on every rank, before the first collective call. */
    size_t room = images->length < ROUND_BYTES ? images->length : ROUND_BYTES;
    status = memory_zeroed(ranks, sizeof *lengths, &lengths);
    status = status_worse(status, memory_zeroed(ranks, sizeof *counts, &counts));
    status = status_worse(status, memory_zeroed(ranks, sizeof *offsets, &offsets));
    status = status_worse(status, memory_zeroed(room, 1, &buffer));
    TRY(agree(MPI_COMM_WORLD, status));
    for (int r = 0; job->rank == 0 && r < job->size; r++) {
        lengths[r] = byte_start(images, share_start(images->count, job->size, r + 1)) -
                     byte_start(images, share_start(images->count, job->size, r));
        longest = lengths[r] > longest ? lengths[r] : longest;
    }
    MPI_Scatter(lengths, 1, MPI_UINT64_T, &my_length, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    MPI_Bcast(&longest, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    MPI_Bcast(&total, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    job->total_images = total;
    TRY(agree(MPI_COMM_WORLD, memory_zeroed(my_length, 1, &mine)));
    for (size_t round = 0; round * piece < longest; round++) {
        if (job->rank == 0)
            pack_round(job, round, piece, buffer, counts, offsets);
        size_t from = round * piece < my_length ? round * piece : my_length;
        size_t length = my_length - from < piece ? my_length - from : piece;
        MPI_Scatterv(buffer, counts, offsets, MPI_CHAR, mine + from, (int)length, MPI_CHAR, 0,
                     MPI_COMM_WORLD);
    }
    TRY(agree(MPI_COMM_WORLD, split(mine, my_length, &job->share)));
out:
    free(mine);
    free(buffer);
    free(counts);
    free(offsets);
    free(lengths);
    return status;
}
