/* Arithmetic on eight floats, for the files that are compiled for AVX2 and FMA. */
#ifndef VERIFY_CPU_AVX2_H
#define VERIFY_CPU_AVX2_H

#include <immintrin.h>

#include "model/graph.h"

/* exp(-x), |x| limited to 87: kernels.c's, which says how. */
static inline __m256 avx2_exp_minus(__m256 x) {
    const __m256 magic = _mm256_set1_ps(12582912.0f), factor = _mm256_set1_ps(-1.44269504f);
    x = _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(-87.0f)), _mm256_set1_ps(87.0f));
    __m256 shifted = _mm256_fmadd_ps(x, factor, magic);
    __m256 r = _mm256_fmsub_ps(x, factor, _mm256_sub_ps(shifted, magic));
    __m256 p = _mm256_set1_ps(1.32764720e-3f);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(9.67554133e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(5.55071327e-2f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(2.40221197e-1f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(6.93146967e-1f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), exponent));
}

/* Those that winograd_activates() names. */
static inline __m256 avx2_activate(enum activation activation, float alpha, __m256 x) {
    const __m256 zero = _mm256_setzero_ps();
    switch ((int)activation) {
    case ACTIVATION_SILU:
        return _mm256_div_ps(x, _mm256_add_ps(avx2_exp_minus(x), _mm256_set1_ps(1.0f)));
    case ACTIVATION_RELU:
        return _mm256_max_ps(x, zero);
    case ACTIVATION_LEAKY_RELU:
        return _mm256_blendv_ps(x, _mm256_mul_ps(x, _mm256_set1_ps(alpha)), x);
    default:
        return x;
    }
}

#endif
