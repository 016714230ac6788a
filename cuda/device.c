/* Which device this process takes, and what is missing where it cannot. */
#include "cuda/device.h"

#include <cuda_runtime_api.h>
#include <cudnn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/check.h"

/* What the kernels are compiled for begins at Turing. */
enum { OLDEST_MAJOR = 7, OLDEST_MINOR = 5 };

static enum status no_device(cudaError_t error) {
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    int driver = 0;
    /* 0 where no driver is installed. */
    bool known = cudaDriverGetVersion(&driver) == cudaSuccess;
    (void)cudaGetLastError();
    if (known && driver == 0)
        return FAIL(STATUS_BAD_INPUT,
                    "no NVIDIA driver on this machine (libcuda.so.1); install it, "
                    "in a container start it with its GPUs, or use --device cpu");
    if (known && error == cudaErrorInsufficientDriver)
        return FAIL(STATUS_BAD_INPUT,
                    "the NVIDIA driver is too old: it knows CUDA %d.%d, this verify "
                    "needs %d.%d; update the driver, or use --device cpu",
                    driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000,
                    CUDART_VERSION % 1000 / 10);
    if ((error == cudaErrorNoDevice || error == cudaSuccess) && visible)
        return FAIL(STATUS_BAD_INPUT,
                    "CUDA_VISIBLE_DEVICES=\"%s\" leaves no GPU visible; unset or "
                    "correct it, or use --device cpu",
                    visible);
    if (error == cudaErrorNoDevice || error == cudaSuccess)
        return FAIL(STATUS_BAD_INPUT, "the driver finds no GPU (nvidia-smi shows "
                                      "what it sees); use --device cpu");
    return FAIL(STATUS_BAD_INPUT, "the GPUs cannot be counted: %s; use --device cpu",
                cudaGetErrorString(error));
}

static enum status check_cudnn(void) {
    size_t version = cudnnGetVersion();
    if (version / 10000 != CUDNN_MAJOR)
        return FAIL(STATUS_BAD_INPUT,
                    "cuDNN %zu.%zu.%zu is loaded, this verify needs %d.x; correct "
                    "LD_LIBRARY_PATH, or use --device cpu",
                    version / 10000, version % 10000 / 100, version % 100, CUDNN_MAJOR);
    cudnnStatus_t status = cudnnGraphVersionCheck();
    if (status != CUDNN_STATUS_SUCCESS)
        return FAIL(STATUS_BAD_INPUT,
                    "cuDNN's libraries are missing or of different versions (%s); "
                    "install cuDNN %d as a whole, or use --device cpu",
                    cudnnGetErrorString(status), CUDNN_MAJOR);
    return STATUS_OK;
}

static enum status count_devices(int *count) {
    *count = 0;
    cudaError_t error = cudaGetDeviceCount(count);
    return error != cudaSuccess || *count < 1 ? no_device(error) : STATUS_OK;
}

static enum status capability(int index, int *major, int *minor) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaDeviceGetAttribute(major, cudaDevAttrComputeCapabilityMajor, index));
    CUDA_TRY(cudaDeviceGetAttribute(minor, cudaDevAttrComputeCapabilityMinor, index));
out:
    return status;
}

static bool new_enough(int major, int minor) {
    return major > OLDEST_MAJOR || (major == OLDEST_MAJOR && minor >= OLDEST_MINOR);
}

static enum status check_device(int index) {
    enum status status;
    int major = 0, minor = 0;
    TRY(capability(index, &major, &minor));
    if (!new_enough(major, minor))
        status = FAIL(STATUS_BAD_INPUT,
                      "GPU %d has compute capability %d.%d, this verify needs %d.%d; leave it out, "
                      "or use --device cpu",
                      index, major, minor, OLDEST_MAJOR, OLDEST_MINOR);
out:
    return status;
}

/* Each of those that are listed; without a list, one of the visible ones. */
static enum status check_devices(const int *devices, size_t n_devices, int count) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n_devices; i++)
        TRY(check_device(devices[i]));
    if (n_devices > 0)
        goto out;
    for (int i = 0; i < count; i++) {
        status = check_device(i);
        if (status != STATUS_BAD_INPUT)
            goto out;
    }
out:
    return status;
}

/* That the devices are among the `count` visible ones. */
static enum status check_numbers(const int *devices, size_t n_devices, int count) {
    for (size_t i = 0; i < n_devices; i++)
        if (devices[i] >= count)
            return FAIL(STATUS_BAD_INPUT,
                        "there is no GPU %d: %d are visible, counted from 0 (nvidia-smi shows what "
                        "is there); leave it out, or use --device cpu",
                        devices[i], count);
    return STATUS_OK;
}

enum status device_available(const int *devices, size_t n_devices) {
    enum status status = STATUS_OK;
    int count = 0;
    TRY(count_devices(&count));
    TRY(check_numbers(devices, n_devices, count));
    TRY(check_devices(devices, n_devices, count));
    TRY(check_cudnn());
out:
    return status;
}

static void uuid_text(const unsigned char *bytes, char *text, size_t size) {
    size_t at = (size_t)snprintf(text, size, "GPU");
    for (size_t i = 0; i < 16; i++) {
        bool dash = i == 0 || i == 4 || i == 6 || i == 8 || i == 10;
        at += (size_t)snprintf(text + at, size - at, "%s%02x", dash ? "-" : "", bytes[i]);
    }
}

enum status device_bind(int local_rank, const int *devices, size_t n_devices, struct device *out) {
    enum status status = STATUS_OK;
    struct cudaDeviceProp properties;
    cudaError_t error = cudaSuccess;
    unsigned char uuid[16];
    *out = (struct device){0};
    TRY(count_devices(&out->visible));
    TRY(check_numbers(devices, n_devices, out->visible));
    out->index = n_devices ? devices[device_index(local_rank, (int)n_devices)]
                           : device_index(local_rank, out->visible);
    CUDA_TRY(cudaGetDeviceProperties(&properties, out->index));
    (void)snprintf(out->name, sizeof out->name, "%s", properties.name);
    out->major = properties.major;
    out->minor = properties.minor;
    out->multiprocessors = properties.multiProcessorCount;
    out->memory = properties.totalGlobalMem;
    memcpy(uuid, properties.uuid.bytes, sizeof uuid);
    uuid_text(uuid, out->uuid, sizeof out->uuid);
    CUDA_TRY(cudaDriverGetVersion(&out->driver));
    CUDA_TRY(cudaRuntimeGetVersion(&out->runtime));
    TRY(check_cudnn());
    out->cudnn = cudnnGetVersion();
    if (!new_enough(out->major, out->minor)) {
        status = FAIL(STATUS_BAD_INPUT,
                      "GPU %d (%s) has compute capability %d.%d, this verify needs "
                      "%d.%d; leave it out of CUDA_VISIBLE_DEVICES, or use --device cpu",
                      out->index, out->name, out->major, out->minor, OLDEST_MAJOR, OLDEST_MINOR);
        goto out;
    }
    error = cudaSetDevice(out->index);
    if (error != cudaSuccess) {
        (void)cudaGetLastError();
        status = FAIL(STATUS_FAILED,
                      "GPU %d (%s) cannot be opened: %s; another process may have it alone "
                      "(nvidia-smi -q -d COMPUTE)",
                      out->index, out->name, cudaGetErrorString(error));
    }
out:
    return status;
}
