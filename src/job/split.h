/* How the list of images is split into contiguous shares. */
#ifndef VERIFY_JOB_SPLIT_H
#define VERIFY_JOB_SPLIT_H

#include <stddef.h>

#include "data/path_list.h"

/* The first image of a rank's share of `total`; of rank `size`: the end. The first total % size
 * ranks have one more. */
size_t split_start(size_t total, int size, int rank);

/* A range of the list's bytes. */
struct byte_range {
    size_t from, length;
};

/* All bytes of a rank's share: its paths, a NUL behind each. */
struct byte_range split_bytes(const struct path_list *images, int size, int rank);
/* Of them those that travel in this round, at most `piece`. */
struct byte_range split_piece(struct byte_range share, size_t round, size_t piece);

#endif
