/* Activations, softmax and rows of matrix products: plain loops for the compiler to vectorise. */
#include "cpu/kernels/kernels.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cpu/kernels/exp_terms.h"
#include "model/activation.h"

/* Each loop is written once, inlined into one function an instruction set, and vectorised there by
 * the compiler. `fused` is a constant after inlining: with it a product and a sum round once. */
#define INLINE static inline __attribute__((always_inline))

INLINE float multiply_add(bool fused, float a, float b, float c) {
    return fused ? __builtin_fmaf(a, b, c) : a * b + c;
}

/* x with |x| at most EXP_MOST, not-a-number included; in integers, as compilers make neat vector
 * code of that and not of comparisons of floats. */
INLINE float limit(float x) {
    const float most = EXP_MOST;
    uint32_t largest, bits, magnitude;
    memcpy(&largest, &most, sizeof largest);
    memcpy(&bits, &x, sizeof bits);
    magnitude = bits & 0x7fffffffu;
    magnitude = magnitude < largest ? magnitude : largest;
    bits = magnitude | (bits & 0x80000000u);
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* exp(sign x) for |x| <= EXP_MOST, where it is limited (exp_terms.h). */
INLINE float exponential(bool fused, float sign, float x) {
    const float factor = sign * EXP_LOG2_E, magic = EXP_MAGIC;
    x = limit(x);
    float shifted = multiply_add(fused, x, factor, magic);
    float r = multiply_add(fused, x, factor, -(shifted - magic));
    float p = EXP_5;
    p = multiply_add(fused, p, r, EXP_4);
    p = multiply_add(fused, p, r, EXP_3);
    p = multiply_add(fused, p, r, EXP_2);
    p = multiply_add(fused, p, r, EXP_1);
    p = multiply_add(fused, p, r, 1.0f);
    /* n goes into the exponent; the rest of `shifted` is shifted out. */
    uint32_t n, bits;
    memcpy(&n, &shifted, sizeof n);
    memcpy(&bits, &p, sizeof bits);
    bits += n << 23;
    memcpy(&p, &bits, sizeof p);
    return p;
}

INLINE float sigmoid(bool fused, float x) {
    return 1.0f / (1.0f + exponential(fused, -1.0f, x));
}

INLINE float silu(bool fused, float x) {
    return x / (1.0f + exponential(fused, -1.0f, x));
}

/* tanh(softplus(x)) = (e^2 + 2 e) / (e^2 + 2 e + 2), e = exp(x); 1 where exp would overflow. */
INLINE float mish(bool fused, float x) {
    float e = exponential(fused, 1.0f, x < 20.0f ? x : 20.0f);
    float n = e * (e + 2.0f);
    return x * (n / (n + 2.0f));
}

/* A value is stored with the residual, if there is one; the test is outside of the loop. */
#define FOR_EACH(expression)                                                                       \
    do {                                                                                           \
        if (residual) {                                                                            \
            _Pragma("omp simd") for (size_t i = 0; i < n; i++) {                                   \
                const float v = x[i];                                                              \
                y[i] = (expression) + residual[i];                                                 \
            }                                                                                      \
        } else {                                                                                   \
            _Pragma("omp simd") for (size_t i = 0; i < n; i++) {                                   \
                const float v = x[i];                                                              \
                y[i] = (expression);                                                               \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* Those without an exp of our own: the formula that every part shares. */
#define SHARED(kind_)                                                                              \
    case kind_:                                                                                    \
        FOR_EACH(activation_value(kind_, v, alpha, beta));                                         \
        break;

INLINE void activate(bool fused, const struct activation_params *params, const float *x,
                     const float *residual, float *y, size_t n) {
    const float alpha = params->alpha, beta = params->beta;
    /* NOLINTBEGIN(bugprone-branch-clone): the macro's loops look alike. */
    switch (params->kind) {
    case ACTIVATION_SILU:
        FOR_EACH(silu(fused, v));
        break;
    case ACTIVATION_SIGMOID:
        FOR_EACH(sigmoid(fused, v));
        break;
    case ACTIVATION_MISH:
        FOR_EACH(mish(fused, v));
        break;
        SHARED(ACTIVATION_NONE)
        SHARED(ACTIVATION_RELU)
        SHARED(ACTIVATION_LEAKY_RELU)
        SHARED(ACTIVATION_HARD_SIGMOID)
        SHARED(ACTIVATION_HARD_SWISH)
        SHARED(ACTIVATION_TANH)
        SHARED(ACTIVATION_GELU)
        SHARED(ACTIVATION_CLIP)
        SHARED(ACTIVATION_SOFTPLUS)
    }
    /* NOLINTEND(bugprone-branch-clone) */
}

INLINE void softmax(bool fused, const float *x, float *y, size_t n) {
    float highest = -INFINITY, sum = 0.0f;
#pragma omp simd reduction(max : highest)
    for (size_t i = 0; i < n; i++)
        highest = x[i] > highest ? x[i] : highest;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        y[i] = exponential(fused, 1.0f, x[i] - highest);
        sum += y[i];
    }
    const float scale = 1.0f / sum;
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] *= scale;
}

INLINE void multiply_row(bool fused, const float *a, const float *b, float *y, size_t k, size_t n) {
    memset(y, 0, n * sizeof *y);
    size_t row = 0;
    for (; row + 4 <= k; row += 4) {
        const float a0 = a[row], a1 = a[row + 1], a2 = a[row + 2], a3 = a[row + 3];
        const float *b0 = b + row * n, *b1 = b0 + n, *b2 = b1 + n, *b3 = b2 + n;
#pragma omp simd
        for (size_t i = 0; i < n; i++) {
            float sum = multiply_add(fused, a0, b0[i], y[i]);
            sum = multiply_add(fused, a1, b1[i], sum);
            sum = multiply_add(fused, a2, b2[i], sum);
            y[i] = multiply_add(fused, a3, b3[i], sum);
        }
    }
    for (; row < k; row++) {
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            y[i] = multiply_add(fused, a[row], b[row * n + i], y[i]);
    }
}

/* The three functions of one instruction set and the table of them. */
/* NOLINTBEGIN(bugprone-macro-parentheses): an attribute has none around it. */
#define KERNELS(suffix, attribute, fused)                                                          \
    attribute static void activate_##suffix(const struct activation_params *params,                \
                                            const float *x, const float *residual, float *y,       \
                                            size_t n) {                                            \
        activate(fused, params, x, residual, y, n);                                                \
    }                                                                                              \
    attribute static void softmax_##suffix(const float *x, float *y, size_t n) {                   \
        softmax(fused, x, y, n);                                                                   \
    }                                                                                              \
    attribute static void multiply_row_##suffix(const float *a, const float *b, float *y,          \
                                                size_t k, size_t n) {                              \
        multiply_row(fused, a, b, y, k, n);                                                        \
    }                                                                                              \
    static const struct kernels kernels_##suffix = {activate_##suffix, softmax_##suffix,           \
                                                    multiply_row_##suffix};
/* NOLINTEND(bugprone-macro-parentheses) */

#if defined(__x86_64__)
KERNELS(baseline, , false)
KERNELS(avx2, __attribute__((target("avx2,fma"))), true)
KERNELS(avx512, __attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))), true)

const struct kernels *kernels_choose(void) {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return &kernels_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &kernels_avx2;
    return &kernels_baseline;
}
#else
#if defined(__FP_FAST_FMAF)
KERNELS(baseline, , true)
#else
KERNELS(baseline, , false)
#endif

const struct kernels *kernels_choose(void) {
    return &kernels_baseline;
}
#endif
