/* For headers of per-element arithmetic that C and CUDA C both include. */
#ifndef VERIFY_BASE_INLINE_H
#define VERIFY_BASE_INLINE_H

#if defined(__CUDACC__)
#define VERIFY_INLINE static __host__ __device__ inline
#else
#define VERIFY_INLINE static inline
#endif

/* Before a loop of a few rounds that are known when it is compiled: GCC writes them out before it
 * vectorises the loop around. Others decide for themselves. */
#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#define VERIFY_UNROLL _Pragma("GCC unroll 8")
#else
#define VERIFY_UNROLL
#endif

#endif
