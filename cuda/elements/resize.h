/* Nearest neighbour. */
#ifndef VERIFY_CUDA_ELEMENTS_RESIZE_H
#define VERIFY_CUDA_ELEMENTS_RESIZE_H

#include <math.h>

#include "cuda/elements/place.h"

struct resize {
    struct map src, dst;
    float scale[2]; /* output / input, height first */
};

VERIFY_INLINE int resize_lanes(const struct resize *args) {
    return lanes_least(lanes_of_map(&args->src), lanes_of_map(&args->dst));
}

VERIFY_INLINE int32_t resize_from(int32_t at, float scale, size_t size) {
    int32_t from = (int32_t)floorf((float)at / scale), last = (int32_t)size - 1;
    return from < last ? from : last;
}

VERIFY_INLINE void resize_run(const struct resize *args, size_t i, int lanes) {
    float values[LANES];
    const struct map *src = &args->src;
    struct place place = map_place(&args->dst, i, lanes);
    int32_t y = resize_from(place.y, args->scale[0], src->height);
    int32_t x = resize_from(place.x, args->scale[1], src->width);
    lanes_load(src->data, src->element, map_at(src, place.n, y, x, place.channel), lanes, values);
    lanes_store(args->dst.data, args->dst.element, place.cell * args->dst.pitch + place.channel,
                lanes, values);
}

#endif
