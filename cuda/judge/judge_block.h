/* What the threads of a block do together in the judge's kernels. CUDA C++ only. All threads of the
 * block call; blocks are whole warps. */
#ifndef VERIFY_CUDA_JUDGE_BLOCK_H
#define VERIFY_CUDA_JUDGE_BLOCK_H

#include <stdint.h>

enum { WARP = 32, WARPS_MOST = 32 };
#define WARP_ALL 0xffffffffu

static __device__ inline unsigned thread_lane(void) {
    return threadIdx.x % WARP;
}
static __device__ inline unsigned thread_warp(void) {
    return threadIdx.x / WARP;
}
static __device__ inline unsigned lanes_below(void) {
    return (1u << thread_lane()) - 1;
}

/* Given each warp's count (the same in all its lanes): the sum of those of the warps before, and of
 * all to *total. `sums`: [WARPS_MOST], shared. */
static __device__ inline unsigned block_before(unsigned count, unsigned *sums, unsigned *total) {
    unsigned before = 0, all = 0;
    if (thread_lane() == 0)
        sums[thread_warp()] = count;
    __syncthreads();
    for (unsigned i = 0; i < blockDim.x / WARP; i++) {
        before += i < thread_warp() ? sums[i] : 0;
        all += sums[i];
    }
    __syncthreads();
    *total = all;
    return before;
}

/* How many threads before this one have `flag`; of all to *total. */
static __device__ inline unsigned block_place(bool flag, unsigned *sums, unsigned *total) {
    unsigned mask = __ballot_sync(WARP_ALL, flag);
    return block_before((unsigned)__popc(mask), sums, total) +
           (unsigned)__popc(mask & lanes_below());
}

static __device__ inline uint64_t warp_most(uint64_t value) {
    for (int step = WARP / 2; step > 0; step /= 2) {
        uint64_t other = __shfl_xor_sync(WARP_ALL, (unsigned long long)value, step);
        value = other > value ? other : value;
    }
    return value;
}

/* The highest value, for all threads. `shared`: [WARPS_MOST]. */
static __device__ inline uint64_t block_most(uint64_t value, uint64_t *shared) {
    value = warp_most(value);
    if (thread_lane() == 0)
        shared[thread_warp()] = value;
    __syncthreads();
    for (unsigned i = 0; i < blockDim.x / WARP; i++)
        value = shared[i] > value ? shared[i] : value;
    __syncthreads();
    return value;
}

#endif
