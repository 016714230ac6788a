/* Maximum and mean of windows, and SPPF's three nested maxima. */
#ifndef VERIFY_CUDA_ELEMENTS_POOL_H
#define VERIFY_CUDA_ELEMENTS_POOL_H

#include <math.h>

#include "cuda/elements/place.h"

struct pool {
    struct map src, dst;
    struct taps taps;
    bool count_padding; /* of the mean */
};

VERIFY_INLINE int pool_lanes(const struct pool *args) {
    return lanes_least(lanes_of_map(&args->src), lanes_of_map(&args->dst));
}

/* largest = max(largest, values), of which a NaN is no part. */
VERIFY_INLINE void pool_larger(int lanes, const float *values, float *largest) {
    LANES_UNROLL
    for (int lane = 0; lane < lanes; lane++)
        largest[lane] = values[lane] > largest[lane] ? values[lane] : largest[lane];
}

VERIFY_INLINE void pool_max_run(const struct pool *args, size_t i, int lanes) {
    float largest[LANES], values[LANES];
    const struct map *src = &args->src;
    const struct taps *taps = &args->taps;
    struct place place = map_place(&args->dst, i, lanes);
    int32_t top = place.y * taps->stride[0] - taps->pad[0];
    int32_t left = place.x * taps->stride[1] - taps->pad[1];
    LANES_UNROLL
    for (int lane = 0; lane < lanes; lane++)
        largest[lane] = -INFINITY;
    for (int32_t ky = 0; ky < taps->kernel[0]; ky++)
        for (int32_t kx = 0; kx < taps->kernel[1]; kx++) {
            int32_t y = top + ky * taps->dilation[0], x = left + kx * taps->dilation[1];
            if (!map_has(src, y, x))
                continue;
            lanes_load(src->data, src->element, map_at(src, place.n, y, x, place.channel), lanes,
                       values);
            pool_larger(lanes, values, largest);
        }
    lanes_store(args->dst.data, args->dst.element, place.cell * args->dst.pitch + place.channel,
                lanes, largest);
}

/* Where padding counts, so do the cells of it that a window covers, but not what a window of
 * ceil_mode covers beyond it. */
VERIFY_INLINE void pool_average_run(const struct pool *args, size_t i, int lanes) {
    float sums[LANES] = {0}, values[LANES];
    const struct map *src = &args->src;
    const struct taps *taps = &args->taps;
    struct place place = map_place(&args->dst, i, lanes);
    int32_t top = place.y * taps->stride[0] - taps->pad[0];
    int32_t left = place.x * taps->stride[1] - taps->pad[1];
    int32_t bottom = (int32_t)src->height + taps->pad[2];
    int32_t right = (int32_t)src->width + taps->pad[3];
    int32_t count = 0;
    for (int32_t ky = 0; ky < taps->kernel[0]; ky++)
        for (int32_t kx = 0; kx < taps->kernel[1]; kx++) {
            int32_t y = top + ky * taps->dilation[0], x = left + kx * taps->dilation[1];
            if (!map_has(src, y, x)) {
                count += args->count_padding && y < bottom && x < right;
                continue;
            }
            count++;
            lanes_load(src->data, src->element, map_at(src, place.n, y, x, place.channel), lanes,
                       values);
            LANES_UNROLL
            for (int lane = 0; lane < lanes; lane++)
                sums[lane] += values[lane];
        }
    LANES_UNROLL
    for (int lane = 0; lane < lanes; lane++)
        sums[lane] = count ? sums[lane] / (float)count : 0.0f;
    lanes_store(args->dst.data, args->dst.element, place.cell * args->dst.pitch + place.channel,
                lanes, sums);
}

struct sppf {
    struct map src, first, second, third;
    int32_t radius; /* of the window: (side - 1) / 2 */
};

VERIFY_INLINE int sppf_lanes(const struct sppf *args) {
    return lanes_least(lanes_least(lanes_of_map(&args->src), lanes_of_map(&args->first)),
                       lanes_least(lanes_of_map(&args->second), lanes_of_map(&args->third)));
}

/* Takes one cell of a row of src, where there is such a column, into `largest`. */
VERIFY_INLINE void sppf_take(const struct map *src, const struct place *place, int32_t y, int32_t x,
                             int lanes, float *largest) {
    float values[LANES];
    if (x < 0 || x >= (int32_t)src->width)
        return;
    lanes_load(src->data, src->element, map_at(src, place->n, y, x, place->channel), lanes, values);
    pool_larger(lanes, values, largest);
}

/* A maximum of maxima over windows of radius r is the maximum over a window of radius 2r, also at
 * the edges, where both are cut off: so all three are taken from src at once, each row from the
 * middle to the sides. */
VERIFY_INLINE void sppf_run(const struct sppf *args, size_t i, int lanes) {
    float first[LANES], second[LANES], third[LANES], row[LANES];
    struct place place = map_place(&args->src, i, lanes);
    int32_t radius = args->radius, bottom = (int32_t)args->src.height - 1;
    int32_t y = place.y < 3 * radius ? 0 : place.y - 3 * radius;
    LANES_UNROLL
    for (int lane = 0; lane < lanes; lane++)
        first[lane] = second[lane] = third[lane] = -INFINITY;
    for (; y <= bottom && y - place.y <= 3 * radius; y++) {
        int32_t distance = y < place.y ? place.y - y : y - place.y;
        LANES_UNROLL
        for (int lane = 0; lane < lanes; lane++)
            row[lane] = -INFINITY;
        for (int32_t dx = 0; dx <= 3 * radius; dx++) {
            sppf_take(&args->src, &place, y, place.x - dx, lanes, row);
            sppf_take(&args->src, &place, y, place.x + dx, lanes, row);
            if (dx == radius && distance <= radius)
                pool_larger(lanes, row, first);
            if (dx == 2 * radius && distance <= 2 * radius)
                pool_larger(lanes, row, second);
        }
        pool_larger(lanes, row, third);
    }
    lanes_store(args->first.data, args->first.element,
                place.cell * args->first.pitch + place.channel, lanes, first);
    lanes_store(args->second.data, args->second.element,
                place.cell * args->second.pitch + place.channel, lanes, second);
    lanes_store(args->third.data, args->third.element,
                place.cell * args->third.pitch + place.channel, lanes, third);
}

#endif
