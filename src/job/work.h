/* The images that a rank has yet to take: its share, less what it gives to other ranks, plus what
 * they give to it. Thread-safe. Knows no MPI. */
#ifndef VERIFY_JOB_WORK_H
#define VERIFY_JOB_WORK_H

#include <stdbool.h>

#include "base/text.h"
#include "data/packed_paths.h"

struct work;

/* Begins with a share: *indices[i] is the place of image i in the list of all. Takes both over and
 * leaves them empty, also on failure. On failure *out is NULL. */
enum status work_make(struct packed_paths *images, uint64_t **indices, struct work **out);
/* NULL is fine. Nobody may be using it any more. */
void work_free(struct work *work);

/* Takes the next image; waits while there is none and more may come. False: the end. *turn counts
 * the images taken, from 0; `path` is replaced (text_status: lack of memory). */
bool work_take(struct work *work, size_t *turn, uint64_t *index, struct text *path);

/* What was taken and is left together, and what is left. */
void work_count(struct work *work, uint64_t *total, uint64_t *left);

/* Cuts up to `most` images off the end and replaces `parcel` by them: bytes for another rank's
 * work_add. Fewer, or none, where fewer are left or they would take more than PARCEL_BYTES. On
 * failure nothing is cut off. */
enum { PARCEL_BYTES = 1 << 26 };
enum status work_give(struct work *work, size_t most, struct text *parcel);

/* Appends the images of a parcel. STATUS_FAILED: memory, or bytes that are no parcel; then nothing
 * is added. */
enum status work_add(struct work *work, const char *parcel, size_t length);

/* No more will be added: who waits is told the end once nothing is left. */
void work_close(struct work *work);
/* Nothing more is taken or given. */
void work_cancel(struct work *work);

#endif
