/* Arithmetic on one block of channels, for the kernels' inner loops. The file that includes this
 * says how many floats that is, 8 or 16, in VECTOR_LANES, and is compiled for AVX2 and FMA, or for
 * AVX-512 (F, DQ, VL); or it names a header with other arithmetic in VECTOR_HEADER. */
#ifndef VERIFY_CPU_VECTOR_H
#define VERIFY_CPU_VECTOR_H

#define INLINE static inline __attribute__((always_inline))

/* Each of these headers says how many registers there are (VECTOR_REGISTERS) and has the same
 * functions on its struct vector. Memory may begin anywhere.
 *   set     all lanes x
 *   load, store, add, sub, mul, div, min, max
 *   fma     a b + c, rounded once
 *   fms     a b - c
 *   fnma    c - a b
 *   scale   x times 2 to the integer that n, with 1.5 * 2^23 added, has in its low bits
 *   below_zero  `below` where x is negative, `other` elsewhere */
#if defined(VECTOR_HEADER)
#include VECTOR_HEADER
#elif VECTOR_LANES == 8
#include "cpu/kernels/vector_avx2.h"
#else
#include "cpu/kernels/vector_avx512.h"
#endif

enum { LANES = VECTOR_LANES };

#endif
