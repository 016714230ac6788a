/* Whether two pictures are copies, by the mean grey of their cells: one is laid over the other as
 * well as a small shift and scaling of each side can, by the gradients, and correlated. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "image/sketch.h"

enum {
    SIDE = SKETCH_SIDE,
    SHIFTS = 4,   /* unknowns of where: shift and scaling along x, along y */
    UNKNOWNS = 6, /* and contrast and brightness */
    ITERATIONS = 4,
};

/* Of copies, in halves of a side: a shift, or what scaling moves the border by. */
static const float MOST_MOVED = 0.15f;
static const float LEAST_CORRELATION = 0.94f;
/* Of copies that need not be laid over each other: where levels are cut off, since one is brighter,
 * that does not go well. */
enum { SURE_FLIPPED = 20 };
static const float SURE_CORRELATION = 0.92f;
/* Where it would not help. */
static const float HOPELESS_CORRELATION = 0.5f;

/* Without what is finer than two cells, which depends on where the cells' borders are. */
static void smooth(const uint8_t levels[SKETCH_CELLS], float out[SKETCH_CELLS]) {
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int left = x ? x - 1 : 0, right = x + 1 < SIDE ? x + 1 : x, sum = 0;
            for (int k = -1; k <= 1; k++) {
                int row = y + k < 0 ? 0 : y + k < SIDE ? y + k : SIDE - 1;
                const uint8_t *cells = levels + (size_t)row * SIDE;
                sum += (k ? 1 : 2) * (cells[left] + 2 * cells[x] + cells[right]);
            }
            out[y * SIDE + x] = (float)sum / 16;
        }
}

/* Of the cells that are not at the border. */
static float correlation(const float a[SKETCH_CELLS], const float b[SKETCH_CELLS]) {
    double n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int y = 1; y < SIDE - 1; y++)
        for (int x = 1; x < SIDE - 1; x++) {
            double va = a[y * SIDE + x], vb = b[y * SIDE + x];
            n++;
            sa += va;
            sb += vb;
            saa += va * va;
            sbb += vb * vb;
            sab += va * vb;
        }
    double spread = (saa - sa * sa / n) * (sbb - sb * sb / n);
    return spread > 1e-6 ? (float)((sab - sa * sb / n) / sqrt(spread)) : 0;
}

static float coordinate(int cell) {
    return (float)cell * 2 / (SIDE - 1) - 1;
}

/* The cell in which a coordinate lies, and how far in it. */
static int cell_of(float at, float *within) {
    float cell = fminf(fmaxf((at + 1) * (SIDE - 1) / 2, 0), SIDE - 1.001f);
    *within = cell - floorf(cell);
    return (int)cell;
}

static void warp(const float from[SKETCH_CELLS], const float shift[SHIFTS],
                 float out[SKETCH_CELLS]) {
    for (int y = 0; y < SIDE; y++) {
        float v, at_y = coordinate(y);
        int top = cell_of(at_y + shift[2] + shift[3] * at_y, &v);
        for (int x = 0; x < SIDE; x++) {
            float u, at_x = coordinate(x);
            int left = cell_of(at_x + shift[0] + shift[1] * at_x, &u);
            const float *cell = from + (size_t)top * SIDE + left;
            out[y * SIDE + x] = (cell[0] * (1 - u) + cell[1] * u) * (1 - v) +
                                (cell[SIDE] * (1 - u) + cell[SIDE + 1] * u) * v;
        }
    }
}

/* Gauss-Jordan with pivots; `rows` has the right side as its last column. False: not to be told. */
static bool solve(double rows[UNKNOWNS][UNKNOWNS + 1]) {
    for (int i = 0; i < UNKNOWNS; i++) {
        int pivot = i;
        double swap[UNKNOWNS + 1];
        for (int k = i + 1; k < UNKNOWNS; k++)
            if (fabs(rows[k][i]) > fabs(rows[pivot][i]))
                pivot = k;
        if (!(fabs(rows[pivot][i]) > 1e-9))
            return false;
        memcpy(swap, rows[i], sizeof swap);
        memcpy(rows[i], rows[pivot], sizeof swap);
        memcpy(rows[pivot], swap, sizeof swap);
        for (int k = 0; k < UNKNOWNS; k++) {
            double factor = k == i ? 0 : rows[k][i] / rows[i][i];
            for (int j = i; j <= UNKNOWNS; j++)
                rows[k][j] -= factor * rows[i][j];
        }
    }
    return true;
}

/* One step: how much further `warped` is to be moved to be like `to`. */
static bool step(const float warped[SKETCH_CELLS], const float to[SKETCH_CELLS],
                 float shift[SHIFTS]) {
    double rows[UNKNOWNS][UNKNOWNS + 1] = {0};
    for (int y = 1; y < SIDE - 1; y++)
        for (int x = 1; x < SIDE - 1; x++) {
            const float *at = warped + (size_t)y * SIDE + x;
            double slope_x = (at[1] - at[-1]) * (SIDE - 1) / 4.0;
            double slope_y = (at[SIDE] - at[-SIDE]) * (SIDE - 1) / 4.0;
            const double values[UNKNOWNS + 1] = {
                slope_x, slope_x * coordinate(x), slope_y, slope_y * coordinate(y), *at,
                1,       to[y * SIDE + x]};
            for (int i = 0; i < UNKNOWNS; i++)
                for (int j = i; j <= UNKNOWNS; j++)
                    rows[i][j] += values[i] * values[j];
        }
    for (int i = 0; i < UNKNOWNS; i++)
        for (int j = 0; j < i; j++)
            rows[i][j] = rows[j][i];
    if (!solve(rows))
        return false;
    double contrast = rows[4][UNKNOWNS] / rows[4][4];
    for (int i = 0; i < SHIFTS; i++)
        shift[i] += (float)(rows[i][UNKNOWNS] / rows[i][i] / (contrast > 0.2 ? contrast : 1));
    return true;
}

/* Whether a part of `from` is `to`. */
static bool is_part(const float from[SKETCH_CELLS], const float to[SKETCH_CELLS]) {
    float shift[SHIFTS] = {0}, warped[SKETCH_CELLS];
    memcpy(warped, from, sizeof warped);
    for (int i = 0; i < ITERATIONS; i++) {
        if (!step(warped, to, shift))
            return false;
        for (int k = 0; k < SHIFTS; k++)
            shift[k] = fminf(fmaxf(shift[k], -2 * MOST_MOVED), 2 * MOST_MOVED);
        warp(from, shift, warped);
    }
    for (int k = 0; k < SHIFTS; k++)
        if (fabsf(shift[k]) > MOST_MOVED)
            return false;
    return correlation(warped, to) >= LEAST_CORRELATION;
}

static int flipped(const struct sketch_hash *a, const struct sketch_hash *b) {
    int count = 0;
    for (int i = 0; i < SKETCH_WORDS; i++)
        count += __builtin_popcountll(a->bits[i] ^ b->bits[i]);
    return count;
}

bool sketch_same(const struct sketch *a, const struct sketch *b) {
    float smooth_a[SKETCH_CELLS], smooth_b[SKETCH_CELLS];
    int bits = flipped(&a->hash, &b->hash);
    if (bits > SKETCH_MOST_FLIPPED)
        return false;
    smooth(a->levels, smooth_a);
    smooth(b->levels, smooth_b);
    float before = correlation(smooth_a, smooth_b);
    if (bits <= SURE_FLIPPED && before >= SURE_CORRELATION)
        return true;
    return before >= HOPELESS_CORRELATION &&
           (is_part(smooth_a, smooth_b) || is_part(smooth_b, smooth_a));
}
