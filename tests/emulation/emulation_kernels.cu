/* See emulation_kernels.h. */
#include "emulation_kernels.h"

#include <cuda_runtime_api.h>

static const unsigned FULL = 0xffffffffu;

static __global__ void double_elements(float *data, size_t n) {
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        data[i] *= 2.0f;
}

void emulated_double(float *data, size_t n) {
    KERNEL_LAUNCH(double_elements, (unsigned)(n / EMULATED_THREADS + 1), EMULATED_THREADS, NULL,
                  data, n);
}

template <bool Whole> __global__ void block_sums(const int *numbers, int *sums) {
    __shared__ int partial[EMULATED_THREADS];
    unsigned i = threadIdx.x;
    partial[i] = numbers[blockIdx.x * EMULATED_THREADS + i];
    for (unsigned half = EMULATED_THREADS / 2; half; half /= 2) {
        if (Whole || half != EMULATED_THREADS / 8)
            __syncthreads();
        if (i < half)
            partial[i] += partial[i + half];
    }
    if (!i)
        sums[blockIdx.x] = partial[0];
}

void emulated_block_sums(const int *numbers, size_t blocks, int whole, int *sums) {
    if (whole)
        KERNEL_LAUNCH(block_sums<true>, (unsigned)blocks, EMULATED_THREADS, NULL, numbers, sums);
    else
        KERNEL_LAUNCH(block_sums<false>, (unsigned)blocks, EMULATED_THREADS, NULL, numbers, sums);
}

static __global__ void block_votes(const int *numbers, int *count, int *any, int *all) {
    int odd = numbers[threadIdx.x] % 2;
    count[threadIdx.x] = __syncthreads_count(odd);
    any[threadIdx.x] = __syncthreads_or(odd);
    all[threadIdx.x] = __syncthreads_and(odd);
}

void emulated_block_votes(const int *numbers, int *count, int *any, int *all) {
    KERNEL_LAUNCH(block_votes, 1, 200, NULL, numbers, count, any, all);
}

static __global__ void read_shared(uint32_t *words) {
    __shared__ uint32_t untouched[4];
    words[threadIdx.x] = untouched[threadIdx.x];
    untouched[threadIdx.x] = 1;
}

template <int Words> __global__ void read_shared_of(uint32_t *words) {
    __shared__ uint32_t untouched[Words];
    words[threadIdx.x] = untouched[threadIdx.x];
    untouched[threadIdx.x] = 1;
}

void emulated_shared(uint32_t *words) {
    KERNEL_LAUNCH(read_shared, 2, 4, NULL, words);
    KERNEL_LAUNCH(read_shared_of<4>, 2, 4, NULL, words + 4);
}

static __global__ void warp_operations(const int *numbers, struct emulated_warp *out) {
    unsigned lane = threadIdx.x;
    int sum = numbers[lane];
    for (int mask = 16; mask; mask /= 2)
        sum += __shfl_xor_sync(FULL, sum, mask);
    out->sum[lane] = sum;
    float prefix = (float)numbers[lane];
    for (unsigned delta = 1; delta < 32; delta *= 2) {
        float before = __shfl_up_sync(FULL, prefix, delta);
        if (lane >= delta)
            prefix += before;
    }
    out->prefix[lane] = prefix;
    out->next[lane] = __shfl_down_sync(FULL, (uint64_t)numbers[lane] << 33, 1);
    out->eighth[lane] = __shfl_sync(FULL, (unsigned)numbers[lane], 5, 8);
    __syncwarp();
    out->odd[lane] = __ballot_sync(FULL, numbers[lane] % 2);
    out->any_large[lane] = __any_sync(FULL, numbers[lane] > 1000);
    out->all_odd[lane] = __all_sync(FULL, numbers[lane] % 2);
    if (lane < 16)
        out->half[lane] = __ballot_sync(0x0000ffffu, numbers[lane] % 2);
    else
        out->half[lane] = __ballot_sync(0xffff0000u, numbers[lane] % 2);
}

void emulated_warp(const int *numbers, struct emulated_warp *out) {
    KERNEL_LAUNCH(warp_operations, 1, EMULATED_LANES, NULL, numbers, out);
}

static __global__ void short_warp(unsigned *lanes) {
    lanes[threadIdx.x] = __ballot_sync(FULL, 1);
}

void emulated_short_warp(unsigned *lanes) {
    KERNEL_LAUNCH(short_warp, 1, 40, NULL, lanes);
}

static __global__ void atomics(struct emulated_atomics *out) {
    unsigned i = threadIdx.x, ticket = atomicAdd(&out->count, 1u);
    if (!blockIdx.x)
        out->tickets[i] = ticket;
    atomicAdd(&out->sum, -(int)i);
    atomicMax(&out->largest, i * 3);
    atomicMin(&out->smallest, -(int)i);
    atomicOr(&out->bits, 1u << i % 32);
    atomicAdd(&out->wide, 1ull << 32);
    atomicAdd(&out->real, 0.5f);
    if (atomicCAS(&out->exchanged, 0, 7) == 7)
        atomicExch(&out->exchanged, 9);
}

void emulated_atomics(struct emulated_atomics *out) {
    KERNEL_LAUNCH(atomics, 2, EMULATED_THREADS, NULL, out);
}

static __global__ void order(unsigned *before, unsigned *after, unsigned *counters) {
    before[threadIdx.x] = atomicAdd(&counters[0], 1u);
    __syncthreads();
    after[threadIdx.x] = atomicAdd(&counters[1], 1u);
}

void emulated_order(unsigned before[8], unsigned after[8]) {
    unsigned counters[2] = {0};
    KERNEL_LAUNCH(order, 1, 8, NULL, before, after, counters);
}

static __global__ void count_grid(int *counts) {
    unsigned block = blockIdx.y * gridDim.x + blockIdx.x;
    counts[(block * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x]++;
}

void emulated_grid(int counts[48]) {
    KERNEL_LAUNCH(count_grid, dim3(3, 2), dim3(4, 2), NULL, counts);
}

static __global__ void do_nothing(const int *nothing) {
    (void)nothing;
}

void emulated_launch(unsigned blocks, unsigned threads, int errors[2]) {
    KERNEL_LAUNCH(do_nothing, blocks, threads, NULL, NULL);
    errors[0] = cudaGetLastError();
    errors[1] = cudaGetLastError();
}

static __global__ void make_mistake(enum emulated_mistake mistake) {
    unsigned i = threadIdx.x;
    switch (mistake) {
    case MISTAKE_BARRIER_MISSED:
        if (i != 3)
            __syncthreads();
        __syncthreads();
        break;
    case MISTAKE_BARRIER_ENDED:
        if (i == 3)
            return;
        __syncthreads();
        break;
    case MISTAKE_BARRIERS_DIFFER:
        if (i % 2)
            __syncthreads();
        else
            __syncthreads();
        break;
    case MISTAKE_LANE_MISSED:
        if (i != 3)
            __syncwarp();
        break;
    case MISTAKE_LANE_NOT_IN_MASK:
        __syncwarp(~8u);
        break;
    case MISTAKE_MASKS_DIFFER:
        __ballot_sync(i == 3 ? 0xffu : FULL, 1);
        break;
    }
}

void emulated_mistake(enum emulated_mistake mistake) {
    KERNEL_LAUNCH(make_mistake, 1, EMULATED_LANES, NULL, mistake);
}
