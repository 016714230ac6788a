/* As much of CUDA C++ as the project's kernels use, for a C++ compiler without CUDA: .cu files run
 * on the CPU, so that tests and sanitizers see them. Included ahead of every .cu file (-include).
 *
 * KERNEL_LAUNCH runs the blocks one after another, and a block's threads as fibers, each until it
 * ends or waits for others. In which order, VERIFY_EMULATION_ORDER says: ascending (default),
 * descending or shuffled; a result that differs between them shows a barrier that is missing. The
 * process aborts, with a message that names the kernel, where a barrier or a warp operation is not
 * reached, at one place of the source, by every thread of the block or every lane of the mask; a
 * thread that has ended has not reached it. Shared memory is filled before each block with bytes
 * that differ between the orders.
 *
 * Not to be had: dynamic shared memory, __activemask, cooperative groups, __constant__ and
 * __device__ variables, and whatever is missing below. Not seen: races that need two threads to
 * alternate between barriers, the weak order of a GPU's memory, limits of registers and shared
 * memory, and, by AddressSanitizer, what lies beyond a template's __shared__ array (UBSan sees an
 * index that is too large). */
#ifndef VERIFY_TEST_CUDA_EMULATION_H
#define VERIFY_TEST_CUDA_EMULATION_H

#define __CUDACC__

#include <cuda_runtime_api.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <tuple>
#include <utility>
#include <vector>

#include "emulation_intrinsics.h"
#include "emulation_padding.h"
#include "emulation_types.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
/* shared.ld finds them. */
#define __shared__ static

enum { warpSize = 32 };
extern uint3 threadIdx, blockIdx, blockDim, gridDim;

/* Where in the source a function is called that has this as its last parameter's default. */
struct emulation_site {
    const char *file;
    int line;
    emulation_site(const char *at_file = __builtin_FILE(), int at_line = __builtin_LINE())
        : file(at_file), line(at_line) {
    }
};

/* Waits for the whole block; how many threads brought a `value` other than 0. */
unsigned emulation_barrier(const char *operation, bool value, const emulation_site &site);
/* Waits for the lanes of `mask`; which of them brought a `value` other than 0. */
unsigned emulation_vote(const char *operation, unsigned mask, bool value,
                        const emulation_site &site);
/* Waits for the lanes of `mask`; the bits that lane `from` brought, arbitrary ones where it is not
 * in the mask. */
uint64_t emulation_exchange(const char *operation, unsigned mask, uint64_t bits, unsigned from,
                            const emulation_site &site);
/* The calling thread's lane. */
unsigned emulation_lane(void);

enum emulation_order { ASCENDING, DESCENDING, SHUFFLED };
/* What VERIFY_EMULATION_ORDER says now. */
enum emulation_order emulation_order_wanted(void);

/* A kernel with the shape of a launch; thread(arguments) is one thread of it. */
struct emulation_kernel {
    const char *name;
    dim3 grid, block;
    void (*thread)(void *);
};
/* Whether a GPU has room for such a launch. */
cudaError_t emulation_check(const struct emulation_kernel *kernel);
/* Runs all threads of all blocks, of a launch that fits. */
void emulation_run(const struct emulation_kernel *kernel, void *args);

/* A kernel's arguments: `bytes` plain bytes that the kernel's thread() takes, and each by itself,
 * without what lies between them and with its padding cleared: what holds their addresses. */
struct emulation_arguments {
    const void *data;
    size_t bytes;
    std::vector<std::pair<const void *, size_t>> each;
};
/* What a launch does with kernel and arguments, which it copies: a program links launch_now.cpp,
 * which runs the kernel at once, or the emulated runtime, which puts it into the stream's queue. */
void emulation_submit(const struct emulation_kernel *kernel,
                      const struct emulation_arguments *arguments, void *stream);

/* The arguments are evaluated and copied once. */
template <class... Parameters>
void emulation_launch(const char *name, dim3 grid, dim3 block, void *stream,
                      void (*kernel)(Parameters...), emulation_value<Parameters>... args) {
    static_assert((std::is_trivially_copyable<Parameters>::value && ...), "plain arguments");
    struct call {
        void (*kernel)(Parameters...);
        std::tuple<Parameters...> args;
    } call = {kernel, {args...}};
    auto thread = [](void *data) {
        struct call *from = (struct call *)data;
        std::apply(from->kernel, from->args);
    };
    struct emulation_kernel launch = {name, grid, block, thread};
    (EMULATION_CLEAR_PADDING(&args), ...);
    struct emulation_arguments arguments = {&call, sizeof call, {{&args, sizeof args}...}};
    emulation_submit(&launch, &arguments, stream);
}

#define KERNEL_LAUNCH(kernel, blocks, threads, stream, ...)                                        \
    emulation_launch(#kernel, blocks, threads, (void *)(stream), kernel, ##__VA_ARGS__)

inline void __syncthreads(emulation_site site = emulation_site()) {
    emulation_barrier("__syncthreads", false, site);
}
inline int __syncthreads_count(int predicate, emulation_site site = emulation_site()) {
    return (int)emulation_barrier("__syncthreads_count", predicate, site);
}
inline int __syncthreads_or(int predicate, emulation_site site = emulation_site()) {
    return emulation_barrier("__syncthreads_or", predicate, site) != 0;
}
inline int __syncthreads_and(int predicate, emulation_site site = emulation_site()) {
    return emulation_barrier("__syncthreads_and", !predicate, site) == 0;
}

inline void __syncwarp(unsigned mask = 0xffffffffu, emulation_site site = emulation_site()) {
    emulation_vote("__syncwarp", mask, false, site);
}
inline unsigned __ballot_sync(unsigned mask, int predicate,
                              emulation_site site = emulation_site()) {
    return emulation_vote("__ballot_sync", mask, predicate, site);
}
inline int __any_sync(unsigned mask, int predicate, emulation_site site = emulation_site()) {
    return emulation_vote("__any_sync", mask, predicate, site) != 0;
}
inline int __all_sync(unsigned mask, int predicate, emulation_site site = emulation_site()) {
    return emulation_vote("__all_sync", mask, !predicate, site) == 0;
}

template <class T>
T emulation_shuffle(const char *operation, unsigned mask, T value, unsigned from,
                    const emulation_site &site) {
    static_assert(std::is_arithmetic<T>::value && (sizeof(T) == 4 || sizeof(T) == 8),
                  "CUDA shuffles numbers of 32 and 64 bits");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = emulation_exchange(operation, mask, bits, from, site);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The first of the `width` lanes, a power of 2, that the calling thread's lane is one of. */
inline unsigned emulation_first_lane(int width) {
    return emulation_lane() & ~(unsigned)(width - 1);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = warpSize,
              emulation_site site = emulation_site()) {
    unsigned from = emulation_first_lane(width) + ((unsigned)lane & (unsigned)(width - 1));
    return emulation_shuffle("__shfl_sync", mask, value, from, site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                 emulation_site site = emulation_site()) {
    unsigned lane = emulation_lane(), inside = lane - emulation_first_lane(width);
    return emulation_shuffle("__shfl_up_sync", mask, value, delta > inside ? lane : lane - delta,
                             site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                   emulation_site site = emulation_site()) {
    unsigned lane = emulation_lane(), end = emulation_first_lane(width) + (unsigned)width;
    return emulation_shuffle("__shfl_down_sync", mask, value,
                             delta < end - lane ? lane + delta : lane, site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = warpSize,
                  emulation_site site = emulation_site()) {
    unsigned lane = emulation_lane(), from = lane ^ (unsigned)lane_mask;
    bool inside = from < emulation_first_lane(width) + (unsigned)width;
    return emulation_shuffle("__shfl_xor_sync", mask, value, inside ? from : lane, site);
}

#endif
