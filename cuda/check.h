/* CUDA's codes as statuses, for C and CUDA C. */
#ifndef VERIFY_CUDA_CHECK_H
#define VERIFY_CUDA_CHECK_H

#ifdef __cplusplus
extern "C" {
#endif

#include <cuda_runtime_api.h>

#include "base/status.h"

/* STATUS_FAILED "CUDA: WHAT: reason" for a code that is an error, which the runtime then forgets: a
 * later launch is not to be blamed for it. Launches and graphs take memory, too: REASON_MEMORY
 * where it is that. */
static inline enum status cuda_status(cudaError_t code, const char *what) {
    if (code == cudaSuccess)
        return STATUS_OK;
    (void)cudaGetLastError();
    return FAIL_FOR(code == cudaErrorMemoryAllocation ? REASON_MEMORY : REASON_OTHER, STATUS_FAILED,
                    "CUDA: %s: %s", what, cudaGetErrorString(code));
}

/* Where nothing can be done about an error, as when things are released: the runtime forgets it. */
static inline void cuda_forget(cudaError_t code) {
    if (code != cudaSuccess)
        (void)cudaGetLastError();
}

/* Runs a call of the CUDA runtime; on failure sets the status, naming the call, and goes to `out:`
 * (see TRY). */
#define CUDA_TRY(call) TRY(cuda_status((call), #call))

#ifdef __cplusplus
}
#endif

#endif
