/* GPUs that are described to cuDNN and need not be there. After cmocka.h. */
#ifndef VERIFY_TEST_CUDA_DESCRIBED_H
#define VERIFY_TEST_CUDA_DESCRIBED_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "cuda/conv/conv_library.h"

/* As cuDNN's own description of a device has it. */
struct described_gpu {
    const char *name;
    int capability, multiprocessors, threads; /* of a multiprocessor */
    int shared;                               /* bytes a block may have */
    int cache;                                /* megabytes */
};
static const struct described_gpu described_gpus[] = {
    {"NVIDIA T4", 750, 40, 1024, 65536, 4},
    {"NVIDIA A100", 800, 108, 2048, 166912, 40},
    {"NVIDIA A40", 860, 84, 1536, 101376, 6},
    {"NVIDIA L40", 890, 142, 1536, 101376, 96},
    {"NVIDIA H200", 900, 132, 2048, 232448, 60},
    {"NVIDIA B200", 1000, 148, 2048, 232448, 126},
    {"NVIDIA RTX PRO 6000", 1200, 188, 1536, 101376, 128},
};
enum { DESCRIBED_GPUS = sizeof described_gpus / sizeof *described_gpus, DESCRIBED_A100 = 1 };

/* *target is to be released with described_free; false where this cuDNN knows no such thing. */
static inline bool described_make(const struct described_gpu *gpu, struct conv_target *target) {
    *target = (struct conv_target){0};
#if CUDNN_VERSION >= 90800
    char text[2048];
    int length = snprintf(
        text, sizeof text,
        "{\"version\":1,\"deviceName\":\"%s\",\"name\":\"%s\",\"cudaDeviceId\":0,"
        "\"deviceVer\":%d,\"driverVer\":13000,\"maxGridSize\":[2147483647,65535,65535],"
        "\"maxBlockSize\":[1024,1024,64],\"regsPerBlock\":65536,\"multiProcessorCount\":%d,"
        "\"smClockRateKHz\":1410000,\"memClockRateKHz\":1215000,\"l2CacheSize\":%d,"
        "\"warpSize\":32,\"maxSharedMemoryPerBlock\":49152,\"maxSharedMemoryPerBlockOptin\":%d,"
        "\"reservedSharedMemoryPerBlock\":1024,\"maxRegistersPerSM\":65536,\"pciDeviceId\":0,"
        "\"maxCtasPerSM\":%d,\"maxThreadsPerBlock\":1024,\"maxThreadsPerSM\":%d,"
        "\"isTccDriver\":0,\"supportCoopLaunch\":1,\"totalGlobalMem\":85000000000}",
        gpu->name, gpu->name, gpu->capability, gpu->multiprocessors, gpu->cache << 20, gpu->shared,
        gpu->threads / 64, gpu->threads);
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &target->device) ==
            CUDNN_STATUS_SUCCESS &&
        cudnnBackendSetAttribute(target->device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                                 CUDNN_TYPE_CHAR, length, text) == CUDNN_STATUS_SUCCESS &&
        cudnnBackendFinalize(target->device) == CUDNN_STATUS_SUCCESS)
        return true;
#endif
    print_message("skipped: this cuDNN takes no description of a device\n");
    return false;
}

static inline void described_free(struct conv_target *target) {
    if (target->device)
        (void)cudnnBackendDestroyDescriptor(target->device);
}

#endif
