/* Sends the labels that one file has of all images to all ranks. */
#include "share_labels.h"

#include "base/memory.h"

/* Bytes from rank 0 to all; MPI counts are int. */
static void share_bytes(char *bytes, size_t length) {
    enum { PIECE = 1 << 30 };
    for (size_t at = 0; at < length; at += PIECE)
        MPI_Bcast(bytes + at, (int)(length - at < PIECE ? length - at : PIECE), MPI_BYTE, 0,
                  MPI_COMM_WORLD);
}

enum status annotations_share(const struct ranks *ranks, struct annotations *annotations) {
    enum status status = STATUS_OK;
    uint64_t n = annotations->n_images, count = 0;
    MPI_Bcast(&n, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    if (n == 0)
        return STATUS_OK;
    if (ranks->rank != 0)
        status = memory_zeroed(n + 1, sizeof *annotations->starts, &annotations->starts);
    TRY(agree(ranks, status));
    share_bytes((char *)annotations->starts, (n + 1) * sizeof *annotations->starts);
    count = annotations->starts[n];
    if (ranks->rank != 0)
        status = memory_zeroed(count, sizeof *annotations->items, &annotations->items);
    TRY(agree(ranks, status));
    share_bytes((char *)annotations->items, count * sizeof *annotations->items);
    annotations->n_images = n;
out:
    return status;
}
