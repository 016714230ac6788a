/* Sixteen floats in two registers of eight, for AVX2 and FMA (cpu/kernels/vector.h). */
#ifndef VERIFY_TEST_VECTOR_HALVES_H
#define VERIFY_TEST_VECTOR_HALVES_H

#include <immintrin.h>

#define VECTOR_REGISTERS 16

struct vector {
    __m256 low, high;
};

INLINE struct vector vector_set(float x) {
    return (struct vector){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
INLINE struct vector vector_load(const float *from) {
    return (struct vector){_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}
INLINE void vector_store(float *to, struct vector x) {
    _mm256_storeu_ps(to, x.low);
    _mm256_storeu_ps(to + 8, x.high);
}
INLINE struct vector vector_add(struct vector a, struct vector b) {
    return (struct vector){_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
INLINE struct vector vector_sub(struct vector a, struct vector b) {
    return (struct vector){_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
INLINE struct vector vector_mul(struct vector a, struct vector b) {
    return (struct vector){_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
INLINE struct vector vector_div(struct vector a, struct vector b) {
    return (struct vector){_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
INLINE struct vector vector_min(struct vector a, struct vector b) {
    return (struct vector){_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
}
INLINE struct vector vector_max(struct vector a, struct vector b) {
    return (struct vector){_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}
INLINE struct vector vector_fma(struct vector a, struct vector b, struct vector c) {
    return (struct vector){_mm256_fmadd_ps(a.low, b.low, c.low),
                           _mm256_fmadd_ps(a.high, b.high, c.high)};
}
INLINE struct vector vector_fms(struct vector a, struct vector b, struct vector c) {
    return (struct vector){_mm256_fmsub_ps(a.low, b.low, c.low),
                           _mm256_fmsub_ps(a.high, b.high, c.high)};
}
INLINE struct vector vector_fnma(struct vector a, struct vector b, struct vector c) {
    return (struct vector){_mm256_fnmadd_ps(a.low, b.low, c.low),
                           _mm256_fnmadd_ps(a.high, b.high, c.high)};
}
INLINE __m256 scale_half(__m256 x, __m256 n) {
    __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent));
}
INLINE struct vector vector_scale(struct vector x, struct vector n) {
    return (struct vector){scale_half(x.low, n.low), scale_half(x.high, n.high)};
}
INLINE struct vector vector_below_zero(struct vector x, struct vector below, struct vector other) {
    return (struct vector){_mm256_blendv_ps(other.low, below.low, x.low),
                           _mm256_blendv_ps(other.high, below.high, x.high)};
}

#endif
