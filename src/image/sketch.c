/* The sketch of a picture: the mean grey of its cells, and the signs of their cosine transform. */
#include "image/sketch.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

enum {
    CELL_ROWS = 8,        /* of a picture that are read for a row of cells, at most */
    WEIGHTS = 256,        /* what the weights of these add up to */
    SPAN = SKETCH_SIDE,   /* frequencies of a side */
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

/* The sum of all columns before each. */
static void sum_columns(const uint16_t *sums, uint32_t width, uint64_t *before) {
    uint64_t sum = 0;
    for (uint32_t x = 0; x < width; x++, sums += 3) {
        before[x] = sum;
        sum += (77u * sums[0] + 150u * sums[1] + 29u * sums[2]) / 256;
    }
    before[width] = sum;
}

/* The sum of the columns before `x`, which may lie within one. */
static double sum_before(const uint64_t *before, uint32_t width, double x) {
    uint32_t column = (uint32_t)x;
    if (column >= width)
        return (double)before[width];
    return (double)before[column] + (x - column) * (double)(before[column + 1] - before[column]);
}

static enum status levels_make(const struct image *image, uint8_t levels[SKETCH_CELLS]) {
    enum status status;
    uint16_t *sums = NULL;
    uint64_t *before = NULL;
    double cell = (double)image->width / SKETCH_SIDE;
    TRY(memory_zeroed((size_t)image->width * 3, sizeof *sums, &sums));
    TRY(memory_zeroed((size_t)image->width + 1, sizeof *before, &before));
    for (int y = 0; y < SKETCH_SIDE; y++) {
        sum_rows(image, (double)image->height * y / SKETCH_SIDE,
                 (double)image->height * (y + 1) / SKETCH_SIDE, sums);
        sum_columns(sums, image->width, before);
        for (int x = 0; x < SKETCH_SIDE; x++) {
            double sum = sum_before(before, image->width, (x + 1) * cell) -
                         sum_before(before, image->width, x * cell);
            levels[y * SKETCH_SIDE + x] = (uint8_t)lround(fmin(sum / cell / WEIGHTS, 255));
        }
    }
out:
    free(sums);
    free(before);
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

/* (SPAN, SPAN) coefficients, not scaled. */
static void transform(const uint8_t levels[SKETCH_CELLS], float out[SKETCH_CELLS]) {
    float cosines[4 * SKETCH_SIDE], half[SKETCH_CELLS];
    for (int k = 0; k < 4 * SKETCH_SIDE; k++)
        cosines[k] = (float)cos(acos(-1) * k / (2 * SKETCH_SIDE));
    for (int y = 0; y < SKETCH_SIDE; y++)
        for (int u = 0; u < SPAN; u++) {
            float sum = 0;
            for (int x = 0; x < SKETCH_SIDE; x++)
                sum += cosines[(2 * x + 1) * u % (4 * SKETCH_SIDE)] * levels[y * SKETCH_SIDE + x];
            half[y * SPAN + u] = sum;
        }
    for (int v = 0; v < SPAN; v++)
        for (int u = 0; u < SPAN; u++) {
            float sum = 0;
            for (int y = 0; y < SKETCH_SIDE; y++)
                sum += cosines[(2 * y + 1) * v % (4 * SKETCH_SIDE)] * half[y * SPAN + u];
            out[v * SPAN + u] = sum;
        }
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
        for (int u = 0; u <= sum && u < SPAN && bit < SKETCH_BITS; u++) {
            if (sum - u >= SPAN)
                continue;
            float value = coefficients[(sum - u) * SPAN + u];
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
