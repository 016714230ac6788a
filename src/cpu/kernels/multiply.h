/* Matrix products in registers. */
#ifndef VERIFY_CPU_MULTIPLY_H
#define VERIFY_CPU_MULTIPLY_H

#include <stddef.h>
#include <stdint.h>

#include "cpu/kernels/vector.h"

/* Columns that are multiplied at a time: with two blocks of outputs their sums, the two weights and
 * one value stay in registers. */
enum { MULTIPLY_GROUP = VECTOR_REGISTERS >= 32 ? 10 : 6 };
#define EACH_OF_GROUP(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9)

/* Floats of a cache line. */
enum { LINE = 16 };

/* Columns of blocks of channels: block b of column t begins at data + b * map + t * step. */
struct columns {
    const float *data;
    size_t map, step;
};

/* m = start + u v. u is (inputs, LANES outputs); m (outputs, columns, LANES) has its blocks m_map
 * floats apart. Each element's sum has the same order whatever the number of columns is. */
struct product {
    size_t inputs; /* of multiply_columns: blocks of them */
    const float *u;
    struct columns start;
    const float *v;
    size_t v_map;            /* of multiply_columns: floats from a block to the next */
    const uint32_t *offsets; /* of multiply_terms */
    size_t step;             /* likewise */
    float *m;
    size_t m_map;
};

/* The sums are variables of their own, not an array: compilers would leave that in memory. */
#define DECLARE(t)                                                                                 \
    struct vector first##t = vector_set(0.0f), second##t = first##t;                               \
    if ((t) < n) {                                                                                 \
        first##t = vector_load(start.data + (size_t)(t)*start.step);                               \
        second##t = vector_load(start1 + (size_t)(t)*start.step);                                  \
    }
#define ADD(t)                                                                                     \
    if ((t) < n) {                                                                                 \
        struct vector x = vector_set(value[(size_t)(t)*step]);                                     \
        first##t = vector_fma(u0, x, first##t);                                                    \
        if (outputs == 2)                                                                          \
            second##t = vector_fma(u1, x, second##t);                                              \
    }
#define STORE(t)                                                                                   \
    if ((t) < n) {                                                                                 \
        vector_store(m + (size_t)(t)*LANES, first##t);                                             \
        if (outputs == 2)                                                                          \
            vector_store(m + m_map + (size_t)(t)*LANES, second##t);                                \
    }

/* `n` columns of multiply_columns. */
INLINE void multiply_group(size_t n, size_t outputs, const struct product *product) {
    const size_t step = LANES, m_map = product->m_map, v_map = product->v_map;
    const struct columns start = product->start;
    const float *start1 = start.data + (outputs - 1) * start.map;
    const float *u = product->u, *v = product->v;
    float *m = product->m;
    EACH_OF_GROUP(DECLARE)
    for (size_t b = 0; b < product->inputs; b++, v += v_map) {
        /* Blocks lie too far apart for the CPU to foresee the next one. */
        for (size_t t = 0; t < n; t += LINE / LANES)
            __builtin_prefetch(v + 2 * v_map + t * LANES);
#pragma GCC unroll 4
        for (size_t i = 0; i < LANES; i++, u += outputs * LANES) {
            const float *value = v + i;
            struct vector u0 = vector_load(u), u1 = vector_load(u + (outputs - 1) * LANES);
            EACH_OF_GROUP(ADD)
        }
    }
    EACH_OF_GROUP(STORE)
}

/* `n` columns of multiply_terms. */
INLINE void terms_group(size_t n, size_t outputs, const struct product *product) {
    const size_t step = product->step, m_map = product->m_map;
    const struct columns start = product->start;
    const float *start1 = start.data + (outputs - 1) * start.map;
    const float *u = product->u, *v = product->v;
    const uint32_t *offsets = product->offsets;
    float *m = product->m;
    EACH_OF_GROUP(DECLARE)
    for (size_t k = 0; k < product->inputs; k++, u += outputs * LANES) {
        const float *value = v + offsets[k];
        struct vector u0 = vector_load(u), u1 = vector_load(u + (outputs - 1) * LANES);
        EACH_OF_GROUP(ADD)
    }
    EACH_OF_GROUP(STORE)
}

#undef DECLARE
#undef ADD
#undef STORE

#define GROUP_CASE(n_, function, ...)                                                              \
    case n_:                                                                                       \
        if ((n_) > MULTIPLY_GROUP)                                                                 \
            break;                                                                                 \
        if (outputs == 2)                                                                          \
            function(n_, 2, __VA_ARGS__);                                                          \
        else                                                                                       \
            function(n_, 1, __VA_ARGS__);                                                          \
        break;
#define GROUP_SWITCH(n, ...)                                                                       \
    switch (n) {                                                                                   \
        GROUP_CASE(1, __VA_ARGS__)                                                                 \
        GROUP_CASE(2, __VA_ARGS__)                                                                 \
        GROUP_CASE(3, __VA_ARGS__)                                                                 \
        GROUP_CASE(4, __VA_ARGS__)                                                                 \
        GROUP_CASE(5, __VA_ARGS__)                                                                 \
        GROUP_CASE(6, __VA_ARGS__)                                                                 \
        GROUP_CASE(7, __VA_ARGS__)                                                                 \
        GROUP_CASE(8, __VA_ARGS__)                                                                 \
        GROUP_CASE(9, __VA_ARGS__)                                                                 \
        GROUP_CASE(10, __VA_ARGS__)                                                                \
    }

/* `count` columns and one or two blocks of outputs, where v is (inputs, count, LANES). */
static inline void multiply_columns(size_t outputs, const struct product *product, size_t count) {
    /* Groups of like sizes: small ones are slow. */
    size_t groups = (count + MULTIPLY_GROUP - 1) / MULTIPLY_GROUP, done = 0;
    struct product part = *product;
    for (size_t g = 1; g <= groups; g++) {
        size_t end = count * g / groups;
        GROUP_SWITCH(end - done, multiply_group, &part)
        part.start.data += (end - done) * part.start.step;
        part.v += (end - done) * LANES;
        part.m += (end - done) * LANES;
        done = end;
    }
}

/* The same where column t's input k is v[offsets[k] + t * step], and every column begins with the
 * same. */
static inline void multiply_terms(size_t outputs, const struct product *product, size_t count) {
    size_t groups = (count + MULTIPLY_GROUP - 1) / MULTIPLY_GROUP, done = 0;
    struct product part = *product;
    for (size_t g = 1; g <= groups; g++) {
        size_t end = count * g / groups;
        GROUP_SWITCH(end - done, terms_group, &part)
        part.v += (end - done) * part.step;
        part.m += (end - done) * LANES;
        done = end;
    }
}

#endif
