/* Scaling a part of a picture to a small one: by weights that fall off with the distance, first
 * along the columns, then along the rows. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "image/image.h"

/* Weights are whole numbers that add up to ONE, so that the sums are the same on all machines. */
enum { ONE_BITS = 14, ONE = 1 << ONE_BITS };

/* What the pixels of one side are made of. */
struct taps {
    uint32_t first, end; /* of the source's that any needs */
    uint32_t most;       /* that one is made of, at most */
    uint32_t *from;      /* the first of each; owned */
    int16_t *weights;    /* (pixels, most); 0 beyond the last; owned */
};

static void taps_free(struct taps *taps) {
    free(taps->from);
    free(taps->weights);
}

/* One pixel's weights, from doubles to whole numbers: what rounding leaves goes to the largest. */
static void round_weights(const double *wanted, uint32_t count, double sum, int16_t *weights) {
    int32_t left = ONE;
    uint32_t largest = 0;
    for (uint32_t k = 0; k < count; k++) {
        weights[k] = (int16_t)lround(wanted[k] / sum * ONE);
        left -= weights[k];
        if (weights[k] > weights[largest])
            largest = k;
    }
    weights[largest] = (int16_t)(weights[largest] + left);
}

/* From `low` to `high` of a source's `length` pixels → `count` pixels. */
static enum status taps_make(double low, double high, uint32_t length, uint32_t count,
                             struct taps *taps) {
    enum status status;
    double scale = (high - low) / count, reach = scale > 1 ? scale : 1, *wanted = NULL;
    taps->first = (uint32_t)fmin(fmax(floor(low), 0), length - 1);
    taps->end = (uint32_t)fmin(fmax(ceil(high), taps->first + 1.0), length);
    taps->most = (uint32_t)ceil(2 * reach) + 1;
    TRY(memory_zeroed(count, sizeof *taps->from, &taps->from));
    TRY(memory_zeroed((size_t)count * taps->most, sizeof *taps->weights, &taps->weights));
    TRY(memory_zeroed(taps->most, sizeof *wanted, &wanted));
    for (uint32_t i = 0; i < count; i++) {
        double centre = low + (i + 0.5) * scale - 0.5, sum = 0;
        double begin = fmin(fmax(ceil(centre - reach), taps->first), taps->end - 1.0);
        uint32_t n = 0;
        taps->from[i] = (uint32_t)begin;
        for (; n < taps->most && taps->from[i] + n < taps->end; n++) {
            wanted[n] = fmax(1 - fabs(begin + n - centre) / reach, n ? 0 : 1e-9);
            sum += wanted[n];
        }
        round_weights(wanted, n, sum, &taps->weights[(size_t)i * taps->most]);
    }
out:
    free(wanted);
    return status;
}

static uint8_t level(int32_t sum) {
    return (uint8_t)((sum + ONE / 2) >> ONE_BITS);
}

/* How many of a pixel's taps lie before `end`. */
static uint32_t taps_count(const struct taps *taps, uint32_t i) {
    uint32_t left = taps->end - taps->from[i];
    return left < taps->most ? left : taps->most;
}

/* Rows of `bytes` bytes, `stride` apart, the first of which is the source's row 0 → row y of the
 * result; `sums` has room for as many. */
static void scale_column(const uint8_t *source, size_t stride, const struct taps *taps, uint32_t y,
                         size_t bytes, int32_t *sums, uint8_t *out) {
    const uint8_t *from = source + taps->from[y] * stride;
    const int16_t *weights = &taps->weights[(size_t)y * taps->most];
    uint32_t n = taps_count(taps, y);
    for (size_t i = 0; i < bytes; i++)
        sums[i] = ONE / 2;
    for (uint32_t k = 0; k < n; k++, from += stride)
        for (size_t i = 0; i < bytes; i++)
            sums[i] += weights[k] * (int16_t)from[i];
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(sums[i] >> ONE_BITS);
}

/* A row, of which the first pixel is the source's `taps->first` → a row of as many as `taps` has.
 */
static void scale_row(const uint8_t *row, const struct taps *taps, uint32_t width, uint8_t *out) {
    for (uint32_t x = 0; x < width; x++, out += 3) {
        const uint8_t *from = row + (size_t)(taps->from[x] - taps->first) * 3;
        const int16_t *weights = &taps->weights[(size_t)x * taps->most];
        uint32_t n = taps_count(taps, x);
        int32_t sums[3] = {0};
        for (uint32_t k = 0; k < n; k++, from += 3)
            for (int c = 0; c < 3; c++)
                sums[c] += weights[k] * from[c];
        for (int c = 0; c < 3; c++)
            out[c] = level(sums[c]);
    }
}

enum status image_scale(const struct image *image, const struct image_area *area,
                        const struct image_view *view) {
    enum status status;
    struct taps across = {0}, down = {0};
    uint8_t *row = NULL;
    int32_t *sums = NULL;
    size_t stride = (size_t)image->width * 3;
    double width = image->width, height = image->height;
    TRY(taps_make(area->left * width, area->right * width, image->width, view->width, &across));
    TRY(taps_make(area->top * height, area->bottom * height, image->height, view->height, &down));
    size_t bytes = (size_t)(across.end - across.first) * 3;
    TRY(memory_zeroed(bytes, sizeof *row, &row));
    TRY(memory_zeroed(bytes, sizeof *sums, &sums));
    for (uint32_t y = 0; y < view->height; y++) {
        scale_column(image->pixels + (size_t)across.first * 3, stride, &down, y, bytes, sums, row);
        scale_row(row, &across, view->width, view->pixels + y * view->stride);
    }
out:
    taps_free(&across);
    taps_free(&down);
    free(row);
    free(sums);
    return status;
}
