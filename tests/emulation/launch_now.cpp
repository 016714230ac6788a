/* Launches without streams: a kernel has run when its launch returns. */
#include "cuda_emulation.h"

static thread_local cudaError_t last_error;

void emulation_submit(const struct emulation_kernel *kernel,
                      const struct emulation_arguments *arguments, void *stream) {
    (void)stream;
    cudaError_t error = emulation_check(kernel);
    if (error == cudaSuccess)
        emulation_run(kernel, (void *)arguments->data);
    else
        last_error = error;
}

cudaError_t cudaGetLastError(void) {
    cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

const char *cudaGetErrorString(cudaError_t error) {
    return error == cudaSuccess ? "no error" : "invalid configuration argument";
}
