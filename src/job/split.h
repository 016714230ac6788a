/* How the list of images is split into contiguous shares. */
#ifndef VERIFY_JOB_SPLIT_H
#define VERIFY_JOB_SPLIT_H

#include <stddef.h>

/* The first image of a rank's share of `total`; of rank `size`: the end. The first total % size
 * ranks have one more. */
size_t split_start(size_t total, int size, int rank);

#endif
