/* Pictures on their way to the device: each is copied on a stream of the copies' own as soon as it
 * is staged, while the network works on earlier ones. */
#ifndef VERIFY_CUDA_STAGING_H
#define VERIFY_CUDA_STAGING_H

#include "cuda/kernels/kernels.h"

struct staging;

/* On the calling thread's device, whose index is `device`. Slots take `bytes` of pinned memory at
 * most (0: no limit), in equal parts: a picture that is larger than its part is scaled first, as
 * very large ones are in any case; what is left may be larger still. On the device they take half
 * of its free memory at most, in equal parts: the rest is for other shapes and many labels. What
 * does not fit stays in pinned memory, where kernels read it. */
enum status staging_make(int device, size_t n_slots, size_t bytes, struct staging **out);
/* Waits for the copies. NULL is allowed. */
void staging_free(struct staging *staging);

/* Begins the copy of a picture. Thread-safe for different slots. */
enum status staging_put(struct staging *staging, size_t slot, const struct image *image,
                        const struct letterbox *letterbox);

/* What `stream` does from now on comes after the slot's copy; *out is the picture as it lies for
 * the device, until the slot is put again. */
enum status staging_get(struct staging *staging, size_t slot, stream_handle stream,
                        struct kernel_picture *out);

#endif
