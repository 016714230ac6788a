/* A block sorts a list of unique keys. CUDA C++ only. */
#ifndef VERIFY_CUDA_JUDGE_SORT_H
#define VERIFY_CUDA_JUDGE_SORT_H

#include <stdint.h>

enum {
    SORT_THREADS = 1024,
    SORT_RUN = 4096, /* keys that are sorted in shared memory; a power of two */
};

/* Batcher's bitonic sort of `size` keys, a power of two. */
static __device__ inline void sort_shared(uint64_t *keys, uint32_t size) {
    for (uint32_t width = 2; width <= size; width *= 2)
        for (uint32_t step = width / 2; step > 0; step /= 2) {
            for (uint32_t i = threadIdx.x; i < size / 2; i += SORT_THREADS) {
                uint32_t low = i / step * 2 * step + i % step, high = low + step;
                bool descending = low & width;
                uint64_t a = keys[low], b = keys[high];
                if (descending ? a < b : a > b) {
                    keys[low] = b;
                    keys[high] = a;
                }
            }
            __syncthreads();
        }
}

/* Sorts each run of SORT_RUN keys. */
static __device__ inline void sort_runs(uint64_t *keys, uint32_t n, uint64_t *shared) {
    for (uint32_t from = 0; from < n; from += SORT_RUN) {
        uint32_t left = n - from, count = left < SORT_RUN ? left : SORT_RUN, size = 1;
        while (size < count)
            size *= 2;
        for (uint32_t i = threadIdx.x; i < size; i += SORT_THREADS)
            shared[i] = i < count ? keys[from + i] : UINT64_MAX;
        __syncthreads();
        sort_shared(shared, size);
        for (uint32_t i = threadIdx.x; i < count; i += SORT_THREADS)
            keys[from + i] = shared[i];
        __syncthreads();
    }
}

/* How many of n sorted keys are below `key`. */
static __device__ inline uint32_t keys_below(const uint64_t *keys, uint32_t n, uint64_t key) {
    uint32_t low = 0;
    while (low < n) {
        uint32_t middle = low + (n - low) / 2;
        if (keys[middle] < key)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

/* Merges pairs of sorted runs: a key's place is its own in its run, plus how many of the other run
 * are below it. */
static __device__ inline void merge_runs(const uint64_t *from, uint64_t *to, uint32_t n,
                                         uint32_t run) {
    for (uint32_t i = threadIdx.x; i < n; i += SORT_THREADS) {
        uint32_t own = i / run * run, pair = i / (2 * run) * 2 * run;
        uint32_t other = own == pair ? pair + run : pair;
        uint32_t left = other < n ? n - other : 0;
        uint32_t below = keys_below(from + other, left < run ? left : run, from[i]);
        to[pair + (i - own) + below] = from[i];
    }
    __syncthreads();
}

/* Sorts n unique keys, ascending, n < 2^30. All SORT_THREADS threads of the block call. The result
 * is in `keys` or in `other`, which has as much room; `shared`: [SORT_RUN], shared memory. */
static __device__ inline const uint64_t *block_sort(uint64_t *keys, uint64_t *other, uint32_t n,
                                                    uint64_t *shared) {
    sort_runs(keys, n, shared);
    for (uint32_t run = SORT_RUN; run < n; run *= 2) {
        merge_runs(keys, other, n, run);
        uint64_t *merged = other;
        other = keys;
        keys = merged;
    }
    return keys;
}

#endif
