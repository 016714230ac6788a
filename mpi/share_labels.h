/* Labels that one file has of all images: read by rank 0, kept by all. */
#ifndef VERIFY_MPI_SHARE_LABELS_H
#define VERIFY_MPI_SHARE_LABELS_H

#include "data/annotations.h"
#include "ranks.h"

/* Collective: rank 0's annotations become everybody's. */
enum status annotations_share(const struct ranks *ranks, struct annotations *annotations);

#endif
