/* Pictures that are the same or nearly so. */
#ifndef VERIFY_MPI_NEAR_H
#define VERIFY_MPI_NEAR_H

#include "inputs.h"
#include "output/near_groups.h"
#include "ranks.h"

/* Collective, once the sketches of all `images` are merged in the output folder: the groups of
 * copies, on rank 0. On failure, too, near_groups_free must be called. */
enum status near_find(const struct ranks *ranks, const char *output,
                      const struct image_splits *splits, uint64_t images,
                      struct near_groups *groups);

#endif
