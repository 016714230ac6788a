/* cuDNN's status codes as ours. */
#ifndef VERIFY_CUDA_CUDNN_CHECK_H
#define VERIFY_CUDA_CUDNN_CHECK_H

#include <cuda_runtime_api.h>
#include <cudnn.h>

#include "base/status.h"

/* STATUS_FAILED, for REASON_MEMORY where the device has too little. */
static inline enum status cudnn_status(cudnnStatus_t code, const char *call) {
    char detail[256] = "";
    if (code == CUDNN_STATUS_SUCCESS)
        return STATUS_OK;
    (void)cudaGetLastError(); /* cuDNN's, of which no later launch is guilty */
    cudnnGetLastErrorString(detail, sizeof detail);
    detail[sizeof detail - 1] = '\0';
    return FAIL_FOR(code == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ? REASON_MEMORY
                                                                                 : REASON_OTHER,
                    STATUS_FAILED, "cuDNN: %s: %s%s%s", call, cudnnGetErrorString(code),
                    *detail ? ": " : "", detail);
}

/* Runs a call of cuDNN and gives our status. */
#define CUDNN(call) cudnn_status((call), #call)

#endif
