/* How rank 0's list of images is dealt out: each rank's share in pieces, so that neither a list of
 * any length nor what is sent of it lies in memory as plain text. */
#ifndef VERIFY_JOB_DEAL_H
#define VERIFY_JOB_DEAL_H

#include "data/packed_paths.h"

/* A rank's share, as far as it is not yet sent. */
struct deal {
    struct packed_reader images; /* of the list of all */
    const uint8_t *done;         /* a bit an image: set for those that are left out; NULL: none */
    size_t next;                 /* the first one that may be to send */
    size_t left;                 /* how many are */
};

/* Splits the `left` images of a list that are not `done` into shares of `size` ranks (split.h):
 * deals[size]. Both lists must outlive them; deals_free(deals, size) at the end. */
void deals_begin(const struct packed_paths *images, const uint8_t *done, size_t left, int size,
                 struct deal *deals);
void deals_free(struct deal *deals, int size);

/* Appends the next images of a share that take at most `most` bytes, at least one: of each its
 * place in the list of all (8 bytes), its path, a NUL. Nothing where none is left. */
enum status deal_piece(struct deal *deal, size_t most, struct text *piece);

/* Appends a piece's images to the list and their places to *indices, of *capacity elements. */
enum status deal_take(const char *piece, size_t length, struct packed_paths *images,
                      uint64_t **indices, size_t *capacity);

#endif
