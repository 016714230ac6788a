/* struct convolutions' winograd_tiles. */
#ifndef VERIFY_CPU_WINOGRAD_KERNEL_H
#define VERIFY_CPU_WINOGRAD_KERNEL_H

#include <string.h>

#include "cpu/kernels/multiply.h"
#include "cpu/kernels/vector_activate.h"
#include "cpu/kernels/winograd.h"

enum {
    TILE = WINOGRAD_TILE,
    SIDE = WINOGRAD_SIDE,
    PLACES = WINOGRAD_PLACES,
    LAST = SIDE - 1,
    PATCH1 = TILE + 2,     /* side of what a tile of stride 1 depends on */
    PATCH2 = 2 * TILE + 1, /* and of stride 2 */
    /* In floats: a row of a patch, of a tile; two columns; where the plain products begin. */
    ROW1 = PATCH1 * LANES,
    ROW2 = PATCH2 * LANES,
    QUAD = TILE * LANES,
    TWO = 2 * LANES,
    EVEN = LAST * LANES,
    LAST_ROW = LAST * SIDE, /* a place */
    ALIGNMENT = LANES * sizeof(float),
};

/* V or M of a chunk. */
struct matrices {
    float *data;
    size_t begin[PLACES];
    size_t map; /* floats from a block to the next where a tile has one column */
};

/* B^T d of F(4,3): six values `from` apart to six places `to` apart. */
INLINE void filter_three(const float *d, size_t from, float *v, size_t to) {
    const struct vector four = vector_set(4.0f), five = vector_set(5.0f), two = vector_set(2.0f);
    struct vector d0 = vector_load(d), d1 = vector_load(d + from);
    struct vector d2 = vector_load(d + 2 * from), d3 = vector_load(d + 3 * from);
    struct vector d4 = vector_load(d + 4 * from), d5 = vector_load(d + 5 * from);
    struct vector even = vector_fnma(four, d2, d4), odd = vector_fnma(four, d1, d3);
    struct vector even2 = vector_sub(d4, d2), odd2 = vector_sub(d3, d1);
    vector_store(v, vector_fma(four, d0, vector_fnma(five, d2, d4)));
    vector_store(v + to, vector_add(even, odd));
    vector_store(v + 2 * to, vector_sub(even, odd));
    vector_store(v + 3 * to, vector_fma(two, odd2, even2));
    vector_store(v + 4 * to, vector_fnma(two, odd2, even2));
    vector_store(v + 5 * to, vector_fma(four, d1, vector_fnma(five, d3, d5)));
}

/* B^T d of F(4,2): five values to five places. */
INLINE void filter_two(const float *d, size_t from, float *v, size_t to) {
    const struct vector two = vector_set(2.0f), three = vector_set(3.0f);
    struct vector d0 = vector_load(d), d1 = vector_load(d + from);
    struct vector d2 = vector_load(d + 2 * from), d3 = vector_load(d + 3 * from);
    struct vector d4 = vector_load(d + 4 * from), odd = vector_sub(d3, d1);
    vector_store(v, vector_fma(two, vector_sub(d0, d2), odd));
    vector_store(v + to, vector_fnma(two, d1, vector_sub(d3, d2)));
    vector_store(v + 2 * to, vector_fma(two, d1, vector_fnma(three, d2, d3)));
    vector_store(v + 3 * to, odd);
    vector_store(v + 4 * to, vector_fnma(two, odd, vector_sub(d4, d2)));
}

/* A^T m of F(4,3). */
INLINE void gather_three(const float *m, size_t from, struct vector y[TILE]) {
    struct vector m0 = vector_load(m), m1 = vector_load(m + from);
    struct vector m2 = vector_load(m + 2 * from), m3 = vector_load(m + 3 * from);
    struct vector m4 = vector_load(m + 4 * from), m5 = vector_load(m + 5 * from);
    struct vector sum1 = vector_add(m1, m2), difference1 = vector_sub(m1, m2);
    struct vector sum2 = vector_add(m3, m4), difference2 = vector_sub(m3, m4);
    y[0] = vector_add(vector_add(m0, sum1), sum2);
    y[1] = vector_fma(vector_set(2.0f), difference2, difference1);
    y[2] = vector_fma(vector_set(4.0f), sum2, sum1);
    y[3] = vector_add(vector_fma(vector_set(8.0f), difference2, difference1), m5);
}

/* A^T m of F(4,2), and the plain products, `step` apart, added. */
INLINE void gather_two(const float *m, size_t from, const float *plain, size_t step,
                       struct vector y[TILE]) {
    struct vector m0 = vector_load(m), m1 = vector_load(m + from);
    struct vector m2 = vector_load(m + 2 * from), m3 = vector_load(m + 3 * from);
    struct vector m4 = vector_load(m + 4 * from);
    struct vector sum = vector_add(m1, m2), difference = vector_sub(m1, m2);
    struct vector last = vector_add(vector_load(plain + 3 * step), m4);
    y[0] = vector_add(vector_add(vector_load(plain), m0), vector_add(sum, m3));
    y[1] = vector_add(vector_load(plain + step), vector_fma(vector_set(2.0f), m3, difference));
    y[2] = vector_add(vector_load(plain + 2 * step), vector_fma(vector_set(4.0f), m3, sum));
    y[3] = vector_add(last, vector_fma(vector_set(8.0f), m3, difference));
}

/* Copies a patch at the edge, whose first row and column are `top` - 1 and `left` - 1; what lies
 * outside of the map is 0. */
INLINE void copy_patch(const struct winograd *winograd, const float *map, size_t top, size_t left,
                       size_t side, float *patch) {
    static const float zeros[LANES];
    for (size_t y = 0; y < side; y++)
        for (size_t x = 0; x < side; x++, patch += LANES) {
            bool inside = top + y >= 1 && top + y <= winograd->in_height && left + x >= 1 &&
                          left + x <= winograd->in_width;
            size_t cell = (top + y - 1) * winograd->in_width + left + x - 1;
            vector_store(patch, vector_load(inside ? map + cell * LANES : zeros));
        }
}

/* A tile's patch and the floats from one row of it to the next: in the map, or copied. */
INLINE const float *find_patch(const struct winograd *winograd, const float *map, size_t top,
                               size_t left, size_t side, float *copy, size_t *row) {
    if (top >= 1 && left >= 1 && top + side <= winograd->in_height + 1 &&
        left + side <= winograd->in_width + 1) {
        *row = winograd->in_width * LANES;
        return map + ((top - 1) * winograd->in_width + left - 1) * LANES;
    }
    copy_patch(winograd, map, top, left, side, copy);
    *row = side * LANES;
    return copy;
}

/* Tile t of the chunk, block b of V. */
INLINE void input_tile1(const float *d, size_t row, const struct matrices *v, size_t b, size_t t) {
    _Alignas(ALIGNMENT) float half[PATCH1 * ROW1];
    size_t place = v->begin[1] - v->begin[0];
    float *to = v->data + b * v->map + t * LANES;
    for (size_t x = 0; x < PATCH1; x++)
        filter_three(d + x * LANES, row, half + x * LANES, ROW1);
    for (size_t y = 0; y < SIDE; y++)
        filter_three(half + y * ROW1, LANES, to + y * SIDE * place, place);
}

/* One row of places: F(4,2) of every second value, the others as they are. */
INLINE void input_row2(const float *d, float *filtered, size_t place, float *plain) {
    filter_two(d, TWO, filtered, place);
    for (size_t x = 0; x < TILE; x++)
        vector_store(plain + x * LANES, vector_load(d + (2 * x + 1) * LANES));
}

INLINE void input_tile2(const float *d, size_t row, const struct matrices *v, size_t b, size_t t) {
    _Alignas(ALIGNMENT) float half[LAST * ROW2];
    float *single = v->data + b * v->map + t * LANES;
    float *four = v->data + (b * v->map + t * LANES) * TILE;
    float *sixteen = v->data + (b * v->map + t * LANES) * TILE * TILE;
    for (size_t x = 0; x < PATCH2; x++)
        filter_two(d + x * LANES, 2 * row, half + x * LANES, ROW2);
    for (size_t y = 0; y < LAST; y++) {
        const size_t *begin = v->begin + y * SIDE;
        input_row2(half + y * ROW2, single + begin[0], begin[1] - begin[0], four + begin[LAST]);
    }
    for (size_t y = 0; y < TILE; y++) {
        const size_t *begin = v->begin + LAST_ROW;
        input_row2(d + (2 * y + 1) * row, four + begin[0] + y * LANES, begin[1] - begin[0],
                   sixteen + begin[LAST] + y * QUAD);
    }
}

/* `stride` is winograd's: a constant after inlining, as other arguments below. */
INLINE void input_block(const struct winograd *winograd, size_t stride, const float *map,
                        const struct matrices *v, size_t b, size_t first, size_t count) {
    size_t side = stride == 1 ? PATCH1 : PATCH2, step = stride * TILE;
    for (size_t t = 0; t < count; t++) {
        _Alignas(ALIGNMENT) float copy[PATCH2 * ROW2];
        size_t row, top = (first + t) / winograd->tile_columns * step;
        size_t left = (first + t) % winograd->tile_columns * step;
        const float *patch = find_patch(winograd, map, top, left, side, copy, &row);
        if (stride == 1)
            input_tile1(patch, row, v, b, t);
        else
            input_tile2(patch, row, v, b, t);
    }
}

/* Rows of outputs from M of tile t, block b; columns of places stay: (4, SIDE, LANES). */
INLINE void output_half1(const struct matrices *m, size_t b, size_t t, float *half) {
    size_t place = m->begin[1] - m->begin[0];
    const float *from = m->data + b * m->map + t * LANES;
    for (size_t x = 0; x < SIDE; x++) {
        struct vector column[TILE];
        gather_three(from + x * place, SIDE * place, column);
        for (size_t y = 0; y < TILE; y++)
            vector_store(half + (y * SIDE + x) * LANES, column[y]);
    }
}

/* The same for stride 2: (4, LAST + 4, LANES). */
INLINE void output_half2(const struct matrices *m, size_t b, size_t t, float *half) {
    const float *single = m->data + b * m->map + t * LANES;
    const float *four = m->data + (b * m->map + t * LANES) * TILE;
    const float *sixteen = m->data + (b * m->map + t * LANES) * TILE * TILE;
    const size_t *begin = m->begin, *last = m->begin + LAST_ROW;
    for (size_t x = 0; x < PATCH2; x++) {
        struct vector column[TILE];
        if (x < LAST)
            gather_two(single + begin[x], begin[SIDE] - begin[0], four + last[x], LANES, column);
        else
            gather_two(four + begin[LAST] + (x - LAST) * LANES, begin[SIDE + LAST] - begin[LAST],
                       sixteen + last[LAST] + (x - LAST) * LANES, QUAD, column);
        for (size_t y = 0; y < TILE; y++)
            vector_store(half + (y * PATCH2 + x) * LANES, column[y]);
    }
}

/* What a call computes: winograd_tiles' arguments. */
struct chunk {
    const float *src, *residual;
    float *dst;
    size_t first, count; /* tiles */
    float *scratch;
};

/* Where a row of a tile goes: `columns` are within the map. */
struct row {
    const float *residual;
    float *dst;
    size_t columns;
};

/* One row of a tile's outputs. */
INLINE void output_row(size_t stride, enum activation activation, float alpha, const float *half,
                       struct vector bias, struct row to) {
    struct vector values[TILE];
    if (stride == 1)
        gather_three(half, LANES, values);
    else
        gather_two(half, LANES, half + EVEN, LANES, values);
    for (size_t x = 0; x < to.columns; x++) {
        struct vector value = vector_activate(activation, alpha, vector_add(values[x], bias));
        if (to.residual)
            value = vector_add(value, vector_load(to.residual + x * LANES));
        vector_store(to.dst + x * LANES, value);
    }
}

INLINE void output_block(const struct winograd *winograd, size_t stride, enum activation activation,
                         const struct matrices *m, size_t b, const struct chunk *chunk) {
    struct vector bias = vector_load(winograd->bias + b * LANES);
    size_t side = stride == 1 ? SIDE : PATCH2, map = winograd->height * winograd->width * LANES;
    const float *residual = chunk->residual ? chunk->residual + b * map : NULL;
    float *dst = chunk->dst + b * map;
    for (size_t t = 0; t < chunk->count; t++) {
        _Alignas(ALIGNMENT) float half[TILE * ROW2];
        size_t top = (chunk->first + t) / winograd->tile_columns * TILE;
        size_t left = (chunk->first + t) % winograd->tile_columns * TILE;
        size_t rows = winograd->height - top, columns = winograd->width - left;
        if (stride == 1)
            output_half1(m, b, t, half);
        else
            output_half2(m, b, t, half);
        for (size_t y = 0; y < TILE && y < rows; y++) {
            size_t at = ((top + y) * winograd->width + left) * LANES;
            const float *row = half + y * side * LANES;
            struct row to = {residual ? residual + at : NULL, dst + at, TILE};
            if (columns < TILE) {
                to.columns = columns;
                output_row(stride, activation, winograd->alpha, row, bias, to);
            } else {
                output_row(stride, activation, winograd->alpha, row, bias, to);
            }
        }
    }
}

/* M[p] = U[p] V[p]. */
static void multiply_place(const struct winograd *winograd, const struct matrices *v,
                           const struct matrices *m, size_t p, size_t count) {
    size_t inputs = winograd->in_blocks, outputs = winograd->out_blocks;
    size_t columns = winograd_columns(winograd, p / SIDE) * winograd_columns(winograd, p % SIDE);
    static const float zeros[LANES];
    struct product product = {
        .inputs = inputs,
        .u = winograd->weights + p * inputs * outputs * LANES * LANES,
        .start = {zeros, 0, 0},
        .v = v->data + v->begin[p],
        .v_map = v->map * columns,
        .m = m->data + m->begin[p],
        .m_map = m->map * columns,
    };
    for (size_t o = 0; o < outputs; o += 2) {
        multiply_columns(o + 1 < outputs ? 2 : 1, &product, count * columns);
        product.u += inputs * LANES * TWO;
        product.m += 2 * product.m_map;
    }
}

INLINE void tiles(const struct winograd *winograd, size_t stride, enum activation activation,
                  const struct chunk *chunk) {
    struct matrices v = {.map = winograd->chunk * LANES}, m = v;
    size_t in_map = winograd->in_height * winograd->in_width * LANES;
    v.data = chunk->scratch;
    m.data = chunk->scratch + winograd_layout(winograd, winograd->in_blocks, v.begin);
    winograd_layout(winograd, winograd->out_blocks, m.begin);
    for (size_t b = 0; chunk->src && b < winograd->in_blocks; b++)
        input_block(winograd, stride, chunk->src + b * in_map, &v, b, chunk->first, chunk->count);
    for (size_t p = 0; p < PLACES; p++)
        multiply_place(winograd, &v, &m, p, chunk->count);
    for (size_t b = 0; b < winograd->out_blocks; b++)
        output_block(winograd, stride, activation, &m, b, chunk);
}

static void winograd_tiles(const struct winograd *winograd, const float *src, const float *residual,
                           float *dst, size_t first, size_t count, float *scratch) {
    const struct chunk chunk = {src, residual, dst, first, count, scratch};
    bool silu = winograd->activation == ACTIVATION_SILU;
    if (winograd->stride == 1 && silu)
        tiles(winograd, 1, ACTIVATION_SILU, &chunk);
    else if (winograd->stride == 1)
        tiles(winograd, 1, winograd->activation, &chunk);
    else if (silu)
        tiles(winograd, 2, ACTIVATION_SILU, &chunk);
    else
        tiles(winograd, 2, winograd->activation, &chunk);
}

#endif
