/* The list of images, dealt out to the ranks. */
#ifndef VERIFY_MPI_SHARE_H
#define VERIFY_MPI_SHARE_H

#include "data/packed_paths.h"
#include "ranks.h"

/* Zeroed at first. */
struct share {
    struct packed_paths images; /* this rank's */
    uint64_t *indices;          /* of each, its place in the list of all; owned */
    uint64_t total_images;      /* of all ranks, and of earlier epochs */
    uint64_t done_before;       /* how many of them in earlier epochs */
    uint8_t *done;              /* on rank 0: a bit an image, done in earlier epochs; owned */
};

/* scatter.c — collective: rank 0's list of `images`, less those that are done, becomes each rank's
 * contiguous share. */
enum status share_scatter(const struct ranks *ranks, const struct packed_paths *images,
                          struct share *share);
/* Zeroed is fine. */
void share_free(struct share *share);

#endif
