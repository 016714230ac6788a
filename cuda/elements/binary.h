/* Two maps to one, element by element. */
#ifndef VERIFY_CUDA_ELEMENTS_BINARY_H
#define VERIFY_CUDA_ELEMENTS_BINARY_H

#include "cuda/elements/place.h"
#include "cuda/kernels/kernels.h"

struct binary_maps {
    enum kernel_binary op;
    struct map a, b, dst;
};

/* A single channel of b is loaded alone, wherever it lies. */
VERIFY_INLINE int binary_lanes(const struct binary_maps *args) {
    int lanes = lanes_least(lanes_of_map(&args->a), lanes_of_map(&args->dst));
    return args->b.channels == 1 ? lanes : lanes_least(lanes, lanes_of_map(&args->b));
}

VERIFY_INLINE float binary_value(enum kernel_binary op, float a, float b) {
    switch (op) {
    case KERNEL_ADD:
        return a + b;
    case KERNEL_MUL:
        return a * b;
    case KERNEL_SUB:
        return a - b;
    case KERNEL_DIV:
        return a / b;
    }
    return a;
}

VERIFY_INLINE void binary_run(const struct binary_maps *args, size_t i, int lanes) {
    float a[LANES], b[LANES];
    const struct map *map = &args->b;
    struct place place = map_place(&args->dst, i, lanes);
    size_t at = map_at(map, map->n == 1 ? 0 : place.n, map->height == 1 ? 0 : place.y,
                       map->width == 1 ? 0 : place.x, map->channels == 1 ? 0 : place.channel);
    lanes_load(args->a.data, args->a.element, place.cell * args->a.pitch + place.channel, lanes, a);
    if (map->channels == 1) {
        b[0] = element_load(map->data, map->element, at);
        LANES_UNROLL
        for (int lane = 1; lane < lanes; lane++)
            b[lane] = b[0];
    } else {
        lanes_load(map->data, map->element, at, lanes, b);
    }
    LANES_UNROLL
    for (int lane = 0; lane < lanes; lane++)
        a[lane] = binary_value(args->op, a[lane], b[lane]);
    lanes_store(args->dst.data, args->dst.element, place.cell * args->dst.pitch + place.channel,
                lanes, a);
}

#endif
