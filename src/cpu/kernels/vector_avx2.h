/* Eight floats in one register, for AVX2 and FMA (vector.h). */
#ifndef VERIFY_CPU_VECTOR_AVX2_H
#define VERIFY_CPU_VECTOR_AVX2_H

#include <immintrin.h>

#define VECTOR_REGISTERS 16

struct vector {
    __m256 all;
};

INLINE struct vector vector_set(float x) {
    return (struct vector){_mm256_set1_ps(x)};
}
INLINE struct vector vector_load(const float *from) {
    return (struct vector){_mm256_loadu_ps(from)};
}
INLINE void vector_store(float *to, struct vector x) {
    _mm256_storeu_ps(to, x.all);
}
INLINE struct vector vector_add(struct vector a, struct vector b) {
    return (struct vector){_mm256_add_ps(a.all, b.all)};
}
INLINE struct vector vector_sub(struct vector a, struct vector b) {
    return (struct vector){_mm256_sub_ps(a.all, b.all)};
}
INLINE struct vector vector_mul(struct vector a, struct vector b) {
    return (struct vector){_mm256_mul_ps(a.all, b.all)};
}
INLINE struct vector vector_div(struct vector a, struct vector b) {
    return (struct vector){_mm256_div_ps(a.all, b.all)};
}
INLINE struct vector vector_min(struct vector a, struct vector b) {
    return (struct vector){_mm256_min_ps(a.all, b.all)};
}
INLINE struct vector vector_max(struct vector a, struct vector b) {
    return (struct vector){_mm256_max_ps(a.all, b.all)};
}
INLINE struct vector vector_fma(struct vector a, struct vector b, struct vector c) {
    return (struct vector){_mm256_fmadd_ps(a.all, b.all, c.all)};
}
INLINE struct vector vector_fms(struct vector a, struct vector b, struct vector c) {
    return (struct vector){_mm256_fmsub_ps(a.all, b.all, c.all)};
}
INLINE struct vector vector_fnma(struct vector a, struct vector b, struct vector c) {
    return (struct vector){_mm256_fnmadd_ps(a.all, b.all, c.all)};
}
INLINE struct vector vector_scale(struct vector x, struct vector n) {
    __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(n.all), 23);
    return (struct vector){
        _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x.all), exponent))};
}
INLINE struct vector vector_below_zero(struct vector x, struct vector below, struct vector other) {
    return (struct vector){_mm256_blendv_ps(other.all, below.all, x.all)};
}

#endif
