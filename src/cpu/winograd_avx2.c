/* winograd_tiles for AVX2 and FMA; CMakeLists.txt compiles this file for them. */
#include "cpu/winograd.h"

#if defined(__AVX2__) && defined(__FMA__)

#include <string.h>

#include "cpu/avx2.h"

#define INLINE static inline __attribute__((always_inline))

enum {
    BLOCK = WINOGRAD_BLOCK,
    TILE = WINOGRAD_TILE,
    PATCH = WINOGRAD_PATCH,
    GROUP = 6, /* tiles that are multiplied at a time: 12 sums stay in registers */
};

/* B^T d of six vectors; `from` and `to` are strides in floats. */
INLINE void transform_input(const float *d, size_t from, float *to, size_t stride) {
    const __m256 four = _mm256_set1_ps(4.0f), five = _mm256_set1_ps(5.0f), two = _mm256_set1_ps(2);
    __m256 d0 = _mm256_loadu_ps(d), d1 = _mm256_loadu_ps(d + from);
    __m256 d2 = _mm256_loadu_ps(d + 2 * from), d3 = _mm256_loadu_ps(d + 3 * from);
    __m256 d4 = _mm256_loadu_ps(d + 4 * from), d5 = _mm256_loadu_ps(d + 5 * from);
    __m256 even = _mm256_fnmadd_ps(four, d2, d4), odd = _mm256_fnmadd_ps(four, d1, d3);
    __m256 even2 = _mm256_sub_ps(d4, d2), odd2 = _mm256_sub_ps(d3, d1);
    _mm256_storeu_ps(to, _mm256_fmadd_ps(four, d0, _mm256_fnmadd_ps(five, d2, d4)));
    _mm256_storeu_ps(to + stride, _mm256_add_ps(even, odd));
    _mm256_storeu_ps(to + 2 * stride, _mm256_sub_ps(even, odd));
    _mm256_storeu_ps(to + 3 * stride, _mm256_fmadd_ps(two, odd2, even2));
    _mm256_storeu_ps(to + 4 * stride, _mm256_fnmadd_ps(two, odd2, even2));
    _mm256_storeu_ps(to + 5 * stride, _mm256_fmadd_ps(four, d1, _mm256_fnmadd_ps(five, d3, d5)));
}

/* A^T m of six vectors. */
INLINE void transform_output(const float *m, size_t from, __m256 y[TILE]) {
    __m256 m0 = _mm256_loadu_ps(m), m1 = _mm256_loadu_ps(m + from);
    __m256 m2 = _mm256_loadu_ps(m + 2 * from), m3 = _mm256_loadu_ps(m + 3 * from);
    __m256 m4 = _mm256_loadu_ps(m + 4 * from), m5 = _mm256_loadu_ps(m + 5 * from);
    __m256 sum1 = _mm256_add_ps(m1, m2), difference1 = _mm256_sub_ps(m1, m2);
    __m256 sum2 = _mm256_add_ps(m3, m4), difference2 = _mm256_sub_ps(m3, m4);
    y[0] = _mm256_add_ps(_mm256_add_ps(m0, sum1), sum2);
    y[1] = _mm256_fmadd_ps(_mm256_set1_ps(2.0f), difference2, difference1);
    y[2] = _mm256_fmadd_ps(_mm256_set1_ps(4.0f), sum2, sum1);
    y[3] = _mm256_add_ps(_mm256_fmadd_ps(_mm256_set1_ps(8.0f), difference2, difference1), m5);
}

/* Copies the patch of a tile at the edge; what lies outside of the map is 0. */
static void copy_patch(const struct winograd *winograd, const float *map, size_t top, size_t left,
                       float patch[PATCH * PATCH * BLOCK]) {
    memset(patch, 0, sizeof(float) * PATCH * PATCH * BLOCK);
    for (size_t y = 0; y < PATCH; y++)
        for (size_t x = 0; x < PATCH; x++) /* row top + y - 1, column left + x - 1 */
            if (top + y >= 1 && top + y <= winograd->height && left + x >= 1 &&
                left + x <= winograd->width)
                memcpy(patch + (y * PATCH + x) * BLOCK,
                       map + ((top + y - 1) * winograd->width + left + x - 1) * BLOCK,
                       BLOCK * sizeof(float));
}

/* One tile and block of V, its places `stride` apart, from the block's map. */
INLINE void input_tile(const struct winograd *winograd, const float *map, size_t top, size_t left,
                       float *v, size_t stride) {
    float patch[PATCH * PATCH * BLOCK], half[PATCH * PATCH * BLOCK];
    size_t row = winograd->width * BLOCK;
    const float *d = patch;
    if (top >= 1 && left >= 1 && top + TILE + 1 <= winograd->height &&
        left + TILE + 1 <= winograd->width) {
        d = map + (top - 1) * row + (left - 1) * BLOCK;
    } else {
        copy_patch(winograd, map, top, left, patch);
        row = PATCH * BLOCK;
    }
    for (size_t x = 0; x < PATCH; x++)
        transform_input(d + x * BLOCK, row, half + x * BLOCK, PATCH * BLOCK);
    for (size_t y = 0; y < PATCH; y++)
        transform_input(half + y * PATCH * BLOCK, BLOCK, v + y * PATCH * stride, stride);
}

#define EACH_OF_GROUP(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)

/* M of `n` tiles and one or two blocks of output channels, at one place. The sums are variables of
 * their own, not an array: compilers would leave that in memory. */
INLINE void multiply(size_t n, size_t outputs, size_t inputs, const float *u, const float *v,
                     float *m, size_t map) {
#define DECLARE(t) __m256 sum##t = _mm256_setzero_ps(), second##t = _mm256_setzero_ps();
#define ADD(t)                                                                                     \
    if ((t) < n) {                                                                                 \
        __m256 x = _mm256_broadcast_ss(v + (t)*BLOCK + i);                                         \
        sum##t = _mm256_fmadd_ps(u0, x, sum##t);                                                   \
        if (outputs == 2)                                                                          \
            second##t = _mm256_fmadd_ps(u1, x, second##t);                                         \
    }
#define STORE(t)                                                                                   \
    if ((t) < n) {                                                                                 \
        _mm256_store_ps(m + (t)*BLOCK, sum##t);                                                    \
        if (outputs == 2)                                                                          \
            _mm256_store_ps(m + map + (t)*BLOCK, second##t);                                       \
    }
    EACH_OF_GROUP(DECLARE)
    for (size_t b = 0; b < inputs; b++, v += map)
#pragma GCC unroll 4
        for (size_t i = 0; i < BLOCK; i++, u += outputs * BLOCK) {
            __m256 u0 = _mm256_load_ps(u), u1 = _mm256_load_ps(u + (outputs - 1) * BLOCK);
            EACH_OF_GROUP(ADD)
        }
    EACH_OF_GROUP(STORE)
#undef DECLARE
#undef ADD
#undef STORE
}

#define CASES(outputs)                                                                             \
    switch (n) {                                                                                   \
    case 1:                                                                                        \
        multiply(1, outputs, inputs, u, v, m, map);                                                \
        break;                                                                                     \
    case 2:                                                                                        \
        multiply(2, outputs, inputs, u, v, m, map);                                                \
        break;                                                                                     \
    case 3:                                                                                        \
        multiply(3, outputs, inputs, u, v, m, map);                                                \
        break;                                                                                     \
    case 4:                                                                                        \
        multiply(4, outputs, inputs, u, v, m, map);                                                \
        break;                                                                                     \
    case 5:                                                                                        \
        multiply(5, outputs, inputs, u, v, m, map);                                                \
        break;                                                                                     \
    default:                                                                                       \
        multiply(6, outputs, inputs, u, v, m, map);                                                \
    }

static void multiply_pair(size_t n, size_t inputs, const float *u, const float *v, float *m,
                          size_t map) {
    CASES(2)
}

static void multiply_single(size_t n, size_t inputs, const float *u, const float *v, float *m,
                            size_t map) {
    CASES(1)
}

/* M[p] = U[p] V[p] for `count` tiles, in groups of like sizes. */
static void multiply_place(const struct winograd *winograd, const float *u, const float *v,
                           float *m, size_t count) {
    size_t inputs = winograd->in_blocks, map = winograd->chunk * BLOCK;
    size_t groups = (count + GROUP - 1) / GROUP;
    for (size_t o = 0; o < winograd->out_blocks; o += 2, m += 2 * map) {
        bool pair = o + 1 < winograd->out_blocks;
        for (size_t g = 0; g < groups; g++) {
            size_t first = count * g / groups, n = count * (g + 1) / groups - first;
            if (pair)
                multiply_pair(n, inputs, u, v + first * BLOCK, m + first * BLOCK, map);
            else
                multiply_single(n, inputs, u, v + first * BLOCK, m + first * BLOCK, map);
        }
        u += (size_t)(pair ? 2 : 1) * BLOCK * inputs * BLOCK;
    }
}

/* Rows and columns of a tile that are within the map. */
INLINE void store_tile(const struct winograd *winograd, const float *half, __m256 bias,
                       const float *residual, float *dst, size_t rows, size_t columns) {
    for (size_t y = 0; y < rows; y++) {
        __m256 values[TILE];
        size_t row = y * winograd->width * BLOCK;
        transform_output(half + y * PATCH * BLOCK, BLOCK, values);
        for (size_t x = 0; x < columns; x++) {
            __m256 value = avx2_activate(winograd->activation, winograd->alpha,
                                         _mm256_add_ps(values[x], bias));
            if (residual)
                value = _mm256_add_ps(value, _mm256_loadu_ps(residual + row + x * BLOCK));
            _mm256_storeu_ps(dst + row + x * BLOCK, value);
        }
    }
}

/* One tile of one block, from M to the block's maps. */
INLINE void output_tile(const struct winograd *winograd, const float *m, size_t stride, __m256 bias,
                        const float *residual, float *dst, size_t top, size_t left) {
    float half[TILE * PATCH * BLOCK];
    size_t at = (top * winograd->width + left) * BLOCK;
    size_t rows = winograd->height - top, columns = winograd->width - left;
    residual = residual ? residual + at : NULL;
    for (size_t x = 0; x < PATCH; x++) {
        __m256 column[TILE];
        transform_output(m + x * stride, PATCH * stride, column);
        for (size_t y = 0; y < TILE; y++)
            _mm256_storeu_ps(half + (y * PATCH + x) * BLOCK, column[y]);
    }
    if (rows >= TILE && columns >= TILE)
        store_tile(winograd, half, bias, residual, dst + at, TILE, TILE);
    else
        store_tile(winograd, half, bias, residual, dst + at, rows < TILE ? rows : TILE,
                   columns < TILE ? columns : TILE);
}

void winograd_tiles_avx2(const struct winograd *winograd, const float *src, const float *residual,
                         float *dst, size_t first, size_t count, float *scratch) {
    size_t v_stride = winograd_place_stride(winograd, winograd->in_blocks);
    size_t m_stride = winograd_place_stride(winograd, winograd->out_blocks);
    size_t place_weights = winograd->in_blocks * winograd->out_blocks * BLOCK * BLOCK;
    size_t map = winograd->height * winograd->width * BLOCK, columns = winograd->tile_columns;
    float *v = scratch, *m = scratch + WINOGRAD_PLACES * v_stride;
    for (size_t b = 0; b < winograd->in_blocks; b++)
        for (size_t t = 0; t < count; t++)
            input_tile(winograd, src + b * map, (first + t) / columns * TILE,
                       (first + t) % columns * TILE, v + (b * winograd->chunk + t) * BLOCK,
                       v_stride);
    for (size_t p = 0; p < WINOGRAD_PLACES; p++)
        multiply_place(winograd, winograd->weights + p * place_weights, v + p * v_stride,
                       m + p * m_stride, count);
    for (size_t b = 0; b < winograd->out_blocks; b++) {
        __m256 bias = _mm256_load_ps(winograd->bias + b * BLOCK);
        const float *added = residual ? residual + b * map : NULL;
        for (size_t t = 0; t < count; t++)
            output_tile(winograd, m + (b * winograd->chunk + t) * BLOCK, m_stride, bias, added,
                        dst + b * map, (first + t) / columns * TILE, (first + t) % columns * TILE);
    }
}

#endif
