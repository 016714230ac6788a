/* For loops that are marked `omp simd`: whatever their pointers may alias, and in whatever order
 * they may sum, the compiler is free to vectorise them. Clang warns where it does not, as with
 * calls of libm and, under sanitizers, of every loop; such a loop is slower and no less right. */
#ifndef VERIFY_CPU_SIMD_H
#define VERIFY_CPU_SIMD_H

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

#endif
