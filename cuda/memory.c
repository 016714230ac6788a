/* Device memory through the CUDA runtime. */
#include "cuda/memory.h"

#include <cuda_runtime_api.h>

#include "cuda/check.h"

enum status device_alloc_unset(size_t bytes, void **out) {
    *out = NULL;
    cudaError_t error = cudaMalloc(out, bytes ? bytes : 1);
    if (error == cudaSuccess)
        return STATUS_OK;
    *out = NULL;
    if (error != cudaErrorMemoryAllocation)
        return cuda_status(error, "cudaMalloc");
    size_t unused = 0;
    size_t total = 0;
    (void)cudaGetLastError();
    cuda_forget(cudaMemGetInfo(&unused, &total));
    return FAIL_FOR(REASON_MEMORY, STATUS_FAILED,
                    "out of device memory: %zu MiB wanted, %zu of %zu MiB free", (bytes >> 20) + 1,
                    unused >> 20, total >> 20);
}

enum status device_alloc(size_t bytes, void **out) {
    enum status status;
    TRY(device_alloc_unset(bytes, out));
    CUDA_TRY(cudaMemset(*out, 0, bytes ? bytes : 1));
    /* Streams that do not wait for the default one must find the zeros, too. */
    CUDA_TRY(cudaStreamSynchronize(NULL));
out:
    if (status != STATUS_OK) {
        device_free(*out);
        *out = NULL;
    }
    return status;
}

void device_free(void *memory) {
    if (memory)
        cuda_forget(cudaFree(memory));
}

enum status device_upload(const void *host, size_t bytes, void *device) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice));
    /* From pageable memory, cudaMemcpy may return before the last part has arrived. */
    CUDA_TRY(cudaStreamSynchronize(NULL));
out:
    return status;
}

enum status device_download(const void *device, size_t bytes, void *host) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost));
out:
    return status;
}

enum status device_upload_async(const void *host, size_t bytes, void *device,
                                stream_handle stream) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream));
out:
    return status;
}

enum status device_download_async(const void *device, size_t bytes, void *host,
                                  stream_handle stream) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream));
out:
    return status;
}

enum status device_wait(stream_handle stream) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaStreamSynchronize(stream));
out:
    return status;
}

enum status device_pinned_alloc(size_t bytes, void **out) {
    *out = NULL;
    cudaError_t error = cudaHostAlloc(out, bytes ? bytes : 1, cudaHostAllocDefault);
    if (error == cudaSuccess)
        return STATUS_OK;
    (void)cudaGetLastError();
    *out = NULL;
    return FAIL(STATUS_FAILED, "%zu MiB of pinned memory: %s", (bytes >> 20) + 1,
                cudaGetErrorString(error));
}

void device_pinned_free(void *memory) {
    if (memory)
        cuda_forget(cudaFreeHost(memory));
}
