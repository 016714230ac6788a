/* The sketch of a picture: the mean grey of its cells, and the signs of their cosine transform. */
#include "image/sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    CELL_ROWS = 8, /* of a picture that are read for a row of cells, at most */
    WEIGHTS = 256, /* what the weights of these add up to */
    SIDE = SKETCH_SIDE,
    LEAST_DEVIATION = 24, /* of the levels from their mean, in sixteenths, on the average */
};

/* Sums of weighted rows, (width, 3): at most WEIGHTS * 255. */
static void add_row(const uint8_t *restrict row, uint16_t weight, size_t bytes,
                    uint16_t *restrict sums) {
    for (size_t i = 0; i < bytes; i++)
        sums[i] = (uint16_t)(sums[i] + weight * row[i]);
}

/* One row of cells, from the picture's row `top` to `bottom`: all rows, by how much of them lies
 * within, or some of many. */
static void sum_rows(const struct image *image, double top, double bottom, uint16_t *sums) {
    size_t bytes = (size_t)image->width * 3;
    double height = bottom - top;
    bool all = height <= CELL_ROWS;
    uint32_t first = (uint32_t)top, count = all ? (uint32_t)ceil(bottom) - first : CELL_ROWS;
    uint32_t spent = 0;
    for (size_t i = 0; i < bytes; i++)
        sums[i] = 0;
    for (uint32_t k = 0; k < count; k++) {
        double share = all ? (fmin(first + k + 1.0, bottom) - top) / height : (k + 1.0) / count;
        uint32_t row = all ? first + k : (uint32_t)(top + (k + 0.5) * height / count);
        uint32_t due = (uint32_t)lround(share * WEIGHTS);
        if (row >= image->height)
            row = image->height - 1;
        add_row(image->pixels + (size_t)row * bytes, (uint16_t)(due - spent), bytes, sums);
        spent = due;
    }
}

/* Adds a column, or a share of it. */
static void add_column(const uint16_t *sums, double share, double out[3]) {
    for (int c = 0; c < 3; c++)
        out[c] += share * sums[c];
}

/* The mean grey of the columns from `left` to `right`, of which a part may lie within. */
static uint8_t grey(const uint16_t *sums, uint32_t width, double left, double right) {
    double colours[3] = {0};
    uint32_t first = (uint32_t)left, end = (uint32_t)right, whole[3] = {0};
    uint32_t last = end < width ? end : width - 1;
    for (uint32_t x = first; x < end; x++)
        for (int c = 0; c < 3; c++)
            whole[c] += sums[3 * (size_t)x + (size_t)c];
    for (int c = 0; c < 3; c++)
        colours[c] = whole[c];
    /* Of the first column less was meant, of the last one more. */
    add_column(sums + 3 * (size_t)first, first - left, colours);
    add_column(sums + 3 * (size_t)last, right - end, colours);
    double level = 0.299 * colours[0] + 0.587 * colours[1] + 0.114 * colours[2];
    return (uint8_t)lround(fmin(level / (right - left) / WEIGHTS, 255));
}

static enum status levels_make(const struct image *image, uint8_t levels[SKETCH_CELLS]) {
    uint16_t *sums;
    double cell = (double)image->width / SKETCH_SIDE;
    enum status status = memory_zeroed((size_t)image->width * 3, sizeof *sums, &sums);
    for (int y = 0; status == STATUS_OK && y < SKETCH_SIDE; y++) {
        sum_rows(image, (double)image->height * y / SKETCH_SIDE,
                 (double)image->height * (y + 1) / SKETCH_SIDE, sums);
        for (int x = 0; x < SKETCH_SIDE; x++)
            levels[y * SKETCH_SIDE + x] = grey(sums, image->width, x * cell, (x + 1) * cell);
    }
    free(sums);
    return status;
}

static bool levels_plain(const uint8_t levels[SKETCH_CELLS]) {
    int32_t sum = 0, away = 0;
    for (int i = 0; i < SKETCH_CELLS; i++)
        sum += levels[i];
    for (int i = 0; i < SKETCH_CELLS; i++)
        away += abs(levels[i] - sum / SKETCH_CELLS);
    return away * 16 < LEAST_DEVIATION * SKETCH_CELLS;
}

/* The cosine transform: (SIDE, SIDE) coefficients, not scaled. */
static void transform(const uint8_t levels[SKETCH_CELLS], float out[SKETCH_CELLS]) {
    float cosines[4 * SIDE], waves[SIDE][SIDE], half[SIDE][SIDE] = {{0}};
    for (int k = 0; k < 4 * SIDE; k++)
        cosines[k] = (float)cos(acos(-1) * k / (2 * SIDE));
    for (int x = 0; x < SIDE; x++)
        for (int u = 0; u < SIDE; u++)
            waves[x][u] = cosines[(2 * x + 1) * u % (4 * SIDE)];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int u = 0; u < SIDE; u++)
                half[y][u] += waves[x][u] * levels[y * SIDE + x];
    memset(out, 0, SKETCH_CELLS * sizeof *out);
    for (int y = 0; y < SIDE; y++)
        for (int v = 0; v < SIDE; v++)
            for (int u = 0; u < SIDE; u++)
                out[v * SIDE + u] += waves[y][v] * half[y][u];
}

/* Puts a bit of the key among the least sure ones, where it is one of them. */
static void note_weak(float strength, uint8_t bit, float strengths[SKETCH_WEAK],
                      uint8_t weak[SKETCH_WEAK]) {
    int place = bit < SKETCH_WEAK ? bit : SKETCH_WEAK;
    for (; place > 0 && strength < strengths[place - 1]; place--)
        if (place < SKETCH_WEAK) {
            strengths[place] = strengths[place - 1];
            weak[place] = weak[place - 1];
        }
    if (place < SKETCH_WEAK) {
        strengths[place] = strength;
        weak[place] = bit;
    }
}

bool sketch_hash_make(const uint8_t levels[SKETCH_CELLS], struct sketch_hash *hash) {
    float coefficients[SKETCH_CELLS], strengths[SKETCH_WEAK] = {0};
    unsigned bit = 0;
    *hash = (struct sketch_hash){0};
    if (levels_plain(levels))
        return false;
    transform(levels, coefficients);
    for (int sum = 1; bit < SKETCH_BITS; sum++)
        for (int u = 0; u <= sum && u < SIDE && bit < SKETCH_BITS; u++) {
            if (sum - u >= SIDE)
                continue;
            float value = coefficients[(sum - u) * SIDE + u];
            hash->bits[bit / 64] |= (uint64_t)(value > 0) << bit % 64;
            /* What a shift changes grows with the frequency. */
            if (bit < SKETCH_KEY_BITS)
                note_weak(fabsf(value) / (float)sum, (uint8_t)bit, strengths, hash->weak);
            bit++;
        }
    return true;
}

enum status sketch_make(const struct image *image, struct sketch *sketch, bool *plain) {
    enum status status = levels_make(image, sketch->levels);
    *plain = status != STATUS_OK || !sketch_hash_make(sketch->levels, &sketch->hash);
    return status;
}
