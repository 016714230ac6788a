/* Sixteen floats in one register, for AVX-512 (vector.h). */
#ifndef VERIFY_CPU_VECTOR_AVX512_H
#define VERIFY_CPU_VECTOR_AVX512_H

#include <immintrin.h>

#define VECTOR_REGISTERS 32

struct vector {
    __m512 all;
};

INLINE struct vector vector_set(float x) {
    return (struct vector){_mm512_set1_ps(x)};
}
INLINE struct vector vector_load(const float *from) {
    return (struct vector){_mm512_loadu_ps(from)};
}
INLINE void vector_store(float *to, struct vector x) {
    _mm512_storeu_ps(to, x.all);
}
INLINE struct vector vector_add(struct vector a, struct vector b) {
    return (struct vector){_mm512_add_ps(a.all, b.all)};
}
INLINE struct vector vector_sub(struct vector a, struct vector b) {
    return (struct vector){_mm512_sub_ps(a.all, b.all)};
}
INLINE struct vector vector_mul(struct vector a, struct vector b) {
    return (struct vector){_mm512_mul_ps(a.all, b.all)};
}
INLINE struct vector vector_div(struct vector a, struct vector b) {
    return (struct vector){_mm512_div_ps(a.all, b.all)};
}
INLINE struct vector vector_min(struct vector a, struct vector b) {
    return (struct vector){_mm512_min_ps(a.all, b.all)};
}
INLINE struct vector vector_max(struct vector a, struct vector b) {
    return (struct vector){_mm512_max_ps(a.all, b.all)};
}
INLINE struct vector vector_fma(struct vector a, struct vector b, struct vector c) {
    return (struct vector){_mm512_fmadd_ps(a.all, b.all, c.all)};
}
INLINE struct vector vector_fms(struct vector a, struct vector b, struct vector c) {
    return (struct vector){_mm512_fmsub_ps(a.all, b.all, c.all)};
}
INLINE struct vector vector_fnma(struct vector a, struct vector b, struct vector c) {
    return (struct vector){_mm512_fnmadd_ps(a.all, b.all, c.all)};
}
INLINE struct vector vector_scale(struct vector x, struct vector n) {
    __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(n.all), 23);
    return (struct vector){
        _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x.all), exponent))};
}
INLINE struct vector vector_below_zero(struct vector x, struct vector below, struct vector other) {
    return (struct vector){_mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(x.all)),
                                                other.all, below.all)};
}

#endif
