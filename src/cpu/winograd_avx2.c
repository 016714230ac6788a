/* winograd_tiles for AVX2 and FMA; CMakeLists.txt compiles this file for them. */
#include "cpu/winograd.h"

#if defined(__AVX2__) && defined(__FMA__)

#include <string.h>

#include "cpu/avx2.h"
#include "cpu/multiply_avx2.h"

enum {
    BLOCK = WINOGRAD_BLOCK,
    TILE = WINOGRAD_TILE,
    SIDE = WINOGRAD_SIDE,
    PLACES = WINOGRAD_PLACES,
    LAST = SIDE - 1,
    PATCH1 = TILE + 2,     /* side of what a tile of stride 1 depends on */
    PATCH2 = 2 * TILE + 1, /* and of stride 2 */
    /* In floats: a row of a patch, of a tile; two columns; where the plain products begin. */
    ROW1 = PATCH1 * BLOCK,
    ROW2 = PATCH2 * BLOCK,
    QUAD = TILE * BLOCK,
    TWO = 2 * BLOCK,
    EVEN = LAST * BLOCK,
    LAST_ROW = LAST * SIDE, /* a place */
};

/* V or M of a chunk. */
struct matrices {
    float *data;
    size_t begin[PLACES];
    size_t map; /* floats from a block to the next where a tile has one column */
};

/* B^T d of F(4,3): six values `from` apart to six places `to` apart. */
INLINE void filter_three(const float *d, size_t from, float *v, size_t to) {
    const __m256 four = _mm256_set1_ps(4.0f), five = _mm256_set1_ps(5.0f), two = _mm256_set1_ps(2);
    __m256 d0 = _mm256_loadu_ps(d), d1 = _mm256_loadu_ps(d + from);
    __m256 d2 = _mm256_loadu_ps(d + 2 * from), d3 = _mm256_loadu_ps(d + 3 * from);
    __m256 d4 = _mm256_loadu_ps(d + 4 * from), d5 = _mm256_loadu_ps(d + 5 * from);
    __m256 even = _mm256_fnmadd_ps(four, d2, d4), odd = _mm256_fnmadd_ps(four, d1, d3);
    __m256 even2 = _mm256_sub_ps(d4, d2), odd2 = _mm256_sub_ps(d3, d1);
    _mm256_storeu_ps(v, _mm256_fmadd_ps(four, d0, _mm256_fnmadd_ps(five, d2, d4)));
    _mm256_storeu_ps(v + to, _mm256_add_ps(even, odd));
    _mm256_storeu_ps(v + 2 * to, _mm256_sub_ps(even, odd));
    _mm256_storeu_ps(v + 3 * to, _mm256_fmadd_ps(two, odd2, even2));
    _mm256_storeu_ps(v + 4 * to, _mm256_fnmadd_ps(two, odd2, even2));
    _mm256_storeu_ps(v + 5 * to, _mm256_fmadd_ps(four, d1, _mm256_fnmadd_ps(five, d3, d5)));
}

/* B^T d of F(4,2): five values to five places. */
INLINE void filter_two(const float *d, size_t from, float *v, size_t to) {
    const __m256 two = _mm256_set1_ps(2.0f), three = _mm256_set1_ps(3.0f);
    __m256 d0 = _mm256_loadu_ps(d), d1 = _mm256_loadu_ps(d + from);
    __m256 d2 = _mm256_loadu_ps(d + 2 * from), d3 = _mm256_loadu_ps(d + 3 * from);
    __m256 d4 = _mm256_loadu_ps(d + 4 * from), odd = _mm256_sub_ps(d3, d1);
    _mm256_storeu_ps(v, _mm256_fmadd_ps(two, _mm256_sub_ps(d0, d2), odd));
    _mm256_storeu_ps(v + to, _mm256_fnmadd_ps(two, d1, _mm256_sub_ps(d3, d2)));
    _mm256_storeu_ps(v + 2 * to, _mm256_fmadd_ps(two, d1, _mm256_fnmadd_ps(three, d2, d3)));
    _mm256_storeu_ps(v + 3 * to, odd);
    _mm256_storeu_ps(v + 4 * to, _mm256_fnmadd_ps(two, odd, _mm256_sub_ps(d4, d2)));
}

/* A^T m of F(4,3). */
INLINE void gather_three(const float *m, size_t from, __m256 y[TILE]) {
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

/* A^T m of F(4,2), and the plain products, `step` apart, added. */
INLINE void gather_two(const float *m, size_t from, const float *plain, size_t step,
                       __m256 y[TILE]) {
    __m256 m0 = _mm256_loadu_ps(m), m1 = _mm256_loadu_ps(m + from);
    __m256 m2 = _mm256_loadu_ps(m + 2 * from), m3 = _mm256_loadu_ps(m + 3 * from);
    __m256 m4 = _mm256_loadu_ps(m + 4 * from);
    __m256 sum = _mm256_add_ps(m1, m2), difference = _mm256_sub_ps(m1, m2);
    __m256 last = _mm256_add_ps(_mm256_loadu_ps(plain + 3 * step), m4);
    y[0] = _mm256_add_ps(_mm256_add_ps(_mm256_loadu_ps(plain), m0), _mm256_add_ps(sum, m3));
    y[1] = _mm256_add_ps(_mm256_loadu_ps(plain + step),
                         _mm256_fmadd_ps(_mm256_set1_ps(2.0f), m3, difference));
    y[2] = _mm256_add_ps(_mm256_loadu_ps(plain + 2 * step),
                         _mm256_fmadd_ps(_mm256_set1_ps(4.0f), m3, sum));
    y[3] = _mm256_add_ps(last, _mm256_fmadd_ps(_mm256_set1_ps(8.0f), m3, difference));
}

/* Copies a patch at the edge, whose first row and column are `top` - 1 and `left` - 1; what lies
 * outside of the map is 0. */
INLINE void copy_patch(const struct winograd *winograd, const float *map, size_t top, size_t left,
                       size_t side, float *patch) {
    static const float zeros[BLOCK];
    for (size_t y = 0; y < side; y++) {
        bool inside = top + y >= 1 && top + y <= winograd->in_height;
        const float *row = map + (top + y - 1) * winograd->in_width * BLOCK;
        for (size_t x = 0; x < side; x++, patch += BLOCK) {
            const float *from = row + (left + x - 1) * BLOCK;
            from = inside && left + x >= 1 && left + x <= winograd->in_width ? from : zeros;
            _mm256_storeu_ps(patch, _mm256_loadu_ps(from));
        }
    }
}

/* A tile's patch and the floats from one row of it to the next: in the map, or copied. */
INLINE const float *find_patch(const struct winograd *winograd, const float *map, size_t top,
                               size_t left, size_t side, float *copy, size_t *row) {
    if (top >= 1 && left >= 1 && top + side <= winograd->in_height + 1 &&
        left + side <= winograd->in_width + 1) {
        *row = winograd->in_width * BLOCK;
        return map + ((top - 1) * winograd->in_width + left - 1) * BLOCK;
    }
    copy_patch(winograd, map, top, left, side, copy);
    *row = side * BLOCK;
    return copy;
}

/* Tile t of the chunk, block b of V. */
INLINE void input_tile1(const float *d, size_t row, const struct matrices *v, size_t b, size_t t) {
    float half[PATCH1 * ROW1];
    size_t place = v->begin[1] - v->begin[0];
    float *to = v->data + b * v->map + t * BLOCK;
    for (size_t x = 0; x < PATCH1; x++)
        filter_three(d + x * BLOCK, row, half + x * BLOCK, ROW1);
    for (size_t y = 0; y < SIDE; y++)
        filter_three(half + y * ROW1, BLOCK, to + y * SIDE * place, place);
}

/* One row of places: F(4,2) of every second value, the others as they are. */
INLINE void input_row2(const float *d, float *filtered, size_t place, float *plain) {
    filter_two(d, TWO, filtered, place);
    for (size_t x = 0; x < TILE; x++)
        _mm256_storeu_ps(plain + x * BLOCK, _mm256_loadu_ps(d + (2 * x + 1) * BLOCK));
}

INLINE void input_tile2(const float *d, size_t row, const struct matrices *v, size_t b, size_t t) {
    float half[LAST * ROW2];
    float *single = v->data + b * v->map + t * BLOCK;
    float *four = v->data + (b * v->map + t * BLOCK) * TILE;
    float *sixteen = v->data + (b * v->map + t * BLOCK) * TILE * TILE;
    for (size_t x = 0; x < PATCH2; x++)
        filter_two(d + x * BLOCK, 2 * row, half + x * BLOCK, ROW2);
    for (size_t y = 0; y < LAST; y++) {
        const size_t *begin = v->begin + y * SIDE;
        input_row2(half + y * ROW2, single + begin[0], begin[1] - begin[0], four + begin[LAST]);
    }
    for (size_t y = 0; y < TILE; y++) {
        const size_t *begin = v->begin + LAST_ROW;
        input_row2(d + (2 * y + 1) * row, four + begin[0] + y * BLOCK, begin[1] - begin[0],
                   sixteen + begin[LAST] + y * QUAD);
    }
}

/* `stride` is winograd's: a constant after inlining, as other arguments below. */
INLINE void input_block(const struct winograd *winograd, size_t stride, const float *map,
                        const struct matrices *v, size_t b, size_t first, size_t count) {
    size_t side = stride == 1 ? PATCH1 : PATCH2, step = stride * TILE;
    for (size_t t = 0; t < count; t++) {
        float copy[PATCH2 * ROW2];
        size_t row, top = (first + t) / winograd->tile_columns * step;
        size_t left = (first + t) % winograd->tile_columns * step;
        const float *patch = find_patch(winograd, map, top, left, side, copy, &row);
        if (stride == 1)
            input_tile1(patch, row, v, b, t);
        else
            input_tile2(patch, row, v, b, t);
    }
}

/* Rows of outputs from M of tile t, block b; columns of places stay: (4, SIDE, 8). */
INLINE void output_half1(const struct matrices *m, size_t b, size_t t, float *half) {
    size_t place = m->begin[1] - m->begin[0];
    const float *from = m->data + b * m->map + t * BLOCK;
    for (size_t x = 0; x < SIDE; x++) {
        __m256 column[TILE];
        gather_three(from + x * place, SIDE * place, column);
        for (size_t y = 0; y < TILE; y++)
            _mm256_storeu_ps(half + (y * SIDE + x) * BLOCK, column[y]);
    }
}

/* The same for stride 2: (4, LAST + 4, 8). */
INLINE void output_half2(const struct matrices *m, size_t b, size_t t, float *half) {
    const float *single = m->data + b * m->map + t * BLOCK;
    const float *four = m->data + (b * m->map + t * BLOCK) * TILE;
    const float *sixteen = m->data + (b * m->map + t * BLOCK) * TILE * TILE;
    const size_t *begin = m->begin, *last = m->begin + LAST_ROW;
    for (size_t x = 0; x < PATCH2; x++) {
        __m256 column[TILE];
        if (x < LAST)
            gather_two(single + begin[x], begin[SIDE] - begin[0], four + last[x], BLOCK, column);
        else
            gather_two(four + begin[LAST] + (x - LAST) * BLOCK, begin[SIDE + LAST] - begin[LAST],
                       sixteen + last[LAST] + (x - LAST) * BLOCK, QUAD, column);
        for (size_t y = 0; y < TILE; y++)
            _mm256_storeu_ps(half + (y * PATCH2 + x) * BLOCK, column[y]);
    }
}

/* One row of a tile's outputs: of `columns` that are within the map. */
INLINE void output_row(size_t stride, enum activation activation, float alpha, const float *half,
                       __m256 bias, const float *residual, float *dst, size_t columns) {
    __m256 values[TILE];
    if (stride == 1)
        gather_three(half, BLOCK, values);
    else
        gather_two(half, BLOCK, half + EVEN, BLOCK, values);
    for (size_t x = 0; x < columns; x++) {
        __m256 value = avx2_activate(activation, alpha, _mm256_add_ps(values[x], bias));
        if (residual)
            value = _mm256_add_ps(value, _mm256_loadu_ps(residual + x * BLOCK));
        _mm256_storeu_ps(dst + x * BLOCK, value);
    }
}

INLINE void output_block(const struct winograd *winograd, size_t stride, enum activation activation,
                         const struct matrices *m, size_t b, const float *residual, float *dst,
                         size_t first, size_t count) {
    __m256 bias = _mm256_load_ps(winograd->bias + b * BLOCK);
    size_t side = stride == 1 ? SIDE : PATCH2;
    for (size_t t = 0; t < count; t++) {
        float half[TILE * ROW2];
        size_t top = (first + t) / winograd->tile_columns * TILE;
        size_t left = (first + t) % winograd->tile_columns * TILE;
        size_t rows = winograd->height - top, columns = winograd->width - left;
        if (stride == 1)
            output_half1(m, b, t, half);
        else
            output_half2(m, b, t, half);
        for (size_t y = 0; y < TILE && y < rows; y++) {
            size_t at = ((top + y) * winograd->width + left) * BLOCK;
            const float *added = residual ? residual + at : NULL;
            const float *row = half + y * side * BLOCK;
            if (columns >= TILE)
                output_row(stride, activation, winograd->alpha, row, bias, added, dst + at, TILE);
            else
                output_row(stride, activation, winograd->alpha, row, bias, added, dst + at,
                           columns);
        }
    }
}

/* M[p] = U[p] V[p]. */
static void multiply_place(const struct winograd *winograd, const struct matrices *v,
                           const struct matrices *m, size_t p, size_t count) {
    size_t inputs = winograd->in_blocks, outputs = winograd->out_blocks;
    size_t columns = winograd_columns(winograd, p / SIDE) * winograd_columns(winograd, p % SIDE);
    size_t v_map = v->map * columns, m_map = m->map * columns;
    static const float zeros[BLOCK];
    const struct columns zero = {zeros, 0, 0};
    const float *u = winograd->weights + p * inputs * outputs * BLOCK * BLOCK;
    for (size_t o = 0; o < outputs; o += 2, u += inputs * BLOCK * TWO)
        multiply_columns(o + 1 < outputs ? 2 : 1, inputs, u, zero, v->data + v->begin[p], v_map,
                         m->data + m->begin[p] + o * m_map, m_map, count * columns);
}

INLINE void tiles(const struct winograd *winograd, size_t stride, enum activation activation,
                  const float *src, const float *residual, float *dst, size_t first, size_t count,
                  float *scratch) {
    struct matrices v = {.map = winograd->chunk * BLOCK}, m = v;
    size_t in_map = winograd->in_height * winograd->in_width * BLOCK;
    size_t map = winograd->height * winograd->width * BLOCK;
    v.data = scratch;
    m.data = scratch + winograd_layout(winograd, winograd->in_blocks, v.begin);
    winograd_layout(winograd, winograd->out_blocks, m.begin);
    for (size_t b = 0; src && b < winograd->in_blocks; b++)
        input_block(winograd, stride, src + b * in_map, &v, b, first, count);
    for (size_t p = 0; p < PLACES; p++)
        multiply_place(winograd, &v, &m, p, count);
    for (size_t b = 0; b < winograd->out_blocks; b++)
        output_block(winograd, stride, activation, &m, b, residual ? residual + b * map : NULL,
                     dst + b * map, first, count);
}

void winograd_tiles_avx2(const struct winograd *winograd, const float *src, const float *residual,
                         float *dst, size_t first, size_t count, float *scratch) {
    bool silu = winograd->activation == ACTIVATION_SILU;
    if (winograd->stride == 1 && silu)
        tiles(winograd, 1, ACTIVATION_SILU, src, residual, dst, first, count, scratch);
    else if (winograd->stride == 1)
        tiles(winograd, 1, winograd->activation, src, residual, dst, first, count, scratch);
    else if (silu)
        tiles(winograd, 2, ACTIVATION_SILU, src, residual, dst, first, count, scratch);
    else
        tiles(winograd, 2, winograd->activation, src, residual, dst, first, count, scratch);
}

#endif
