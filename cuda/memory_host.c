/* "Device" memory of the tests: host memory, aligned as the CUDA runtime aligns. */
#include <stdlib.h>
#include <string.h>

#include "cuda/memory.h"

enum { ALIGNMENT = 256 };

enum status device_alloc(size_t bytes, void **out) {
    *out = NULL;
    if (bytes <= SIZE_MAX - ALIGNMENT) {
        size_t size = (bytes + (bytes == 0) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        *out = aligned_alloc(ALIGNMENT, size);
        if (*out)
            memset(*out, 0, size);
    }
    return *out ? STATUS_OK
                : FAIL_FOR(REASON_MEMORY, STATUS_FAILED, "out of device memory: %zu bytes wanted",
                           bytes);
}

void device_free(void *memory) {
    free(memory);
}

enum status device_upload(const void *host, size_t bytes, void *device) {
    if (bytes)
        memcpy(device, host, bytes);
    return STATUS_OK;
}

enum status device_download(const void *device, size_t bytes, void *host) {
    if (bytes)
        memcpy(host, device, bytes);
    return STATUS_OK;
}

enum status device_upload_async(const void *host, size_t bytes, void *device,
                                stream_handle stream) {
    (void)stream;
    return device_upload(host, bytes, device);
}

enum status device_download_async(const void *device, size_t bytes, void *host,
                                  stream_handle stream) {
    (void)stream;
    return device_download(device, bytes, host);
}

enum status device_wait(stream_handle stream) {
    (void)stream;
    return STATUS_OK;
}

enum status device_pinned_alloc(size_t bytes, void **out) {
    return device_alloc(bytes, out);
}

void device_pinned_free(void *memory) {
    device_free(memory);
}
