/* How the element functions of cuda/elements/ become kernels: one thread a run of channels, as many
 * as there are. CUDA C++ only. */
#ifndef VERIFY_CUDA_KERNELS_LAUNCH_H
#define VERIFY_CUDA_KERNELS_LAUNCH_H

#include "cuda/check.h"
#include "cuda/elements/place.h"
#include "cuda/kernels/kernels.h"

/* Starts kernel(...) on `stream`, a stream_handle; `blocks` is a number or a dim3. A template's
 * instance stands in parentheses: KERNEL_LAUNCH((kernel<1, 2>), ...). Tests on the CPU bring a
 * macro of their own. */
#ifndef KERNEL_LAUNCH
#define KERNEL_LAUNCH(kernel, blocks, threads, stream, ...)                                        \
    kernel<<<blocks, threads, 0, (cudaStream_t)(stream)>>>(__VA_ARGS__)
#endif

enum { LAUNCH_THREADS = 256 };

/* At most `most` blocks: the kernels' loops do what is beyond. */
static inline unsigned launch_limit(size_t blocks, unsigned most) {
    return blocks < most ? (unsigned)blocks : most;
}

/* Blocks for `count` threads' work. */
static inline unsigned launch_blocks(size_t count) {
    return launch_limit(count / LAUNCH_THREADS + (count % LAUNCH_THREADS != 0), 1u << 20);
}

/* What became of the launch just made; `what`: "kernel ...". */
static inline enum status launch_status(const char *what) {
    return cuda_status(cudaGetLastError(), what);
}

template <class Args, void (*Run)(const Args *, size_t, int), int Lanes>
__global__ void __launch_bounds__(LAUNCH_THREADS, 4) run_elements(const Args args, size_t runs) {
    size_t step = (size_t)gridDim.x * blockDim.x;
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < runs; i += step)
        Run(&args, i, Lanes);
}

/* Runs an element function over all of `dst`, `lanes` (1 or LANES) channels at a time. */
template <class Args, void (*Run)(const Args *, size_t, int)>
static enum status launch_elements(const char *what, const Args *args, const struct map *dst,
                                   int lanes, stream_handle stream) {
    size_t runs = map_runs(dst, lanes);
    if (!runs)
        return STATUS_OK;
    if (lanes == LANES)
        KERNEL_LAUNCH((run_elements<Args, Run, LANES>), launch_blocks(runs), LAUNCH_THREADS, stream,
                      *args, runs);
    else
        KERNEL_LAUNCH((run_elements<Args, Run, 1>), launch_blocks(runs), LAUNCH_THREADS, stream,
                      *args, runs);
    return launch_status(what);
}

#endif
