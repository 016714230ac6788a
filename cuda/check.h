/* CUDA's codes as statuses, for C and CUDA C. */
#ifndef VERIFY_CUDA_CHECK_H
#define VERIFY_CUDA_CHECK_H

#ifdef __cplusplus
extern "C" {
#endif

#include <cuda_runtime_api.h>

#include "base/status.h"

/* STATUS_FAILED "CUDA: WHAT: reason" for a code that is an error. */
static inline enum status cuda_status(cudaError_t code, const char *what, const char *file,
                                      int line) {
    if (code == cudaSuccess)
        return STATUS_OK;
    return status_set(STATUS_FAILED, file, line, "CUDA: %s: %s", what, cudaGetErrorString(code));
}

/* Runs a call of the CUDA runtime; on failure sets the status, naming the call, and goes to `out:`
 * (see TRY). */
#define CUDA_TRY(call) TRY(cuda_status((call), #call, __FILE__, __LINE__))

#ifdef __cplusplus
}
#endif

#endif
