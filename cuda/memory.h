/* Device memory; in tests on the host, host memory. */
#ifndef VERIFY_CUDA_MEMORY_H
#define VERIFY_CUDA_MEMORY_H

#include "cuda/kernels/kernels.h"

/* Zeroed. A count of 0 gives a valid pointer. STATUS_FAILED for REASON_MEMORY where there is
 * not enough. */
enum status device_alloc(size_t bytes, void **out);
/* The same, but holding anything: nothing is waited for, also where the device hangs. Not on the
 * host. */
enum status device_alloc_unset(size_t bytes, void **out);
void device_free(void *memory);
/* Copies and waits. */
enum status device_upload(const void *host, size_t bytes, void *device);
enum status device_download(const void *device, size_t bytes, void *host);
/* Enqueue a copy; the host's side is pinned memory and stays untouched until the stream has done
 * it. On the host they copy at once. */
enum status device_upload_async(const void *host, size_t bytes, void *device, stream_handle stream);
enum status device_download_async(const void *device, size_t bytes, void *host,
                                  stream_handle stream);
/* Waits for all that is enqueued on the stream. */
enum status device_wait(stream_handle stream);

/* Host memory that the device copies from and to without a detour; not zeroed. A count of 0 gives a
 * valid pointer. */
enum status device_pinned_alloc(size_t bytes, void **out);
void device_pinned_free(void *memory);

#endif
