/* For headers of per-element arithmetic that C and CUDA C both include. */
#ifndef VERIFY_BASE_INLINE_H
#define VERIFY_BASE_INLINE_H

#if defined(__CUDACC__)
#define VERIFY_INLINE static __host__ __device__ inline
#else
#define VERIFY_INLINE static inline
#endif

#endif
