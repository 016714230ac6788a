/* Where in a map the i-th run of `lanes` channels lies. */
#ifndef VERIFY_CUDA_ELEMENTS_PLACE_H
#define VERIFY_CUDA_ELEMENTS_PLACE_H

#include <stdbool.h>

#include "cuda/elements/lanes.h"
#include "cuda/kernels/kernels.h"

struct place {
    size_t cell; /* (n * height + y) * width + x */
    size_t n;
    int32_t y, x;
    size_t channel;
};

VERIFY_INLINE size_t map_cells(const struct map *map) {
    return map->n * map->height * map->width;
}

/* How many runs a map has: what i counts. */
VERIFY_INLINE size_t map_runs(const struct map *map, int lanes) {
    return map_cells(map) * (map->channels / (size_t)lanes);
}

VERIFY_INLINE struct place map_place(const struct map *map, size_t i, int lanes) {
    struct place place;
    size_t runs = map->channels / (size_t)lanes;
    place.cell = i / runs;
    place.channel = (i - place.cell * runs) * (size_t)lanes;
    size_t row = place.cell / map->width;
    place.x = (int32_t)(place.cell - row * map->width);
    place.n = row / map->height;
    place.y = (int32_t)(row - place.n * map->height);
    return place;
}

/* The index of an element in the map's data. */
VERIFY_INLINE size_t map_at(const struct map *map, size_t n, int32_t y, int32_t x, size_t channel) {
    return ((n * map->height + (size_t)y) * map->width + (size_t)x) * map->pitch + channel;
}

VERIFY_INLINE bool map_has(const struct map *map, int32_t y, int32_t x) {
    return y >= 0 && x >= 0 && y < (int32_t)map->height && x < (int32_t)map->width;
}

/* A map that stands for "none" where `map` is NULL: no data, no channels. */
VERIFY_INLINE struct map map_or_none(const struct map *map) {
    struct map none = {NULL, ELEMENT_F32, 0, 0, 0, 0, 0};
    return map ? *map : none;
}

/* struct window in 32 bits, which hold every position in a padded map. */
struct taps {
    int32_t kernel[2], stride[2], dilation[2];
    int32_t pad[4]; /* top, left, bottom, right */
};

VERIFY_INLINE struct taps taps_of(const struct window *window) {
    struct taps taps;
    for (int i = 0; i < 2; i++) {
        taps.kernel[i] = (int32_t)window->kernel[i];
        taps.stride[i] = (int32_t)window->stride[i];
        taps.dilation[i] = (int32_t)window->dilation[i];
    }
    for (int i = 0; i < 4; i++)
        taps.pad[i] = (int32_t)window->pad[i];
    return taps;
}

#endif
