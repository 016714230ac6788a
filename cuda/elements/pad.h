/* Rows and columns added around a map, or cut off it. */
#ifndef VERIFY_CUDA_ELEMENTS_PAD_H
#define VERIFY_CUDA_ELEMENTS_PAD_H

#include "cuda/elements/place.h"

struct pad {
    struct map src, dst;
    int32_t top, left; /* rows, columns of dst before src's first; negative: cut off */
    float value;
};

VERIFY_INLINE int pad_lanes(const struct pad *args) {
    return lanes_least(lanes_of_map(&args->src), lanes_of_map(&args->dst));
}

VERIFY_INLINE void pad_run(const struct pad *args, size_t i, int lanes) {
    float values[LANES];
    const struct map *src = &args->src;
    struct place place = map_place(&args->dst, i, lanes);
    int32_t y = place.y - args->top, x = place.x - args->left;
    bool inside = y >= 0 && y < (int32_t)src->height && x >= 0 && x < (int32_t)src->width;
    if (inside)
        lanes_load(src->data, src->element, map_at(src, place.n, y, x, place.channel), lanes,
                   values);
    LANES_UNROLL
    for (int k = 0; k < lanes && !inside; k++)
        values[k] = args->value;
    lanes_store(args->dst.data, args->dst.element, place.cell * args->dst.pitch + place.channel,
                lanes, values);
}

#endif
