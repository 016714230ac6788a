/* Depthwise convolution: each channel has a window of weights of its own. */
#ifndef VERIFY_CUDA_ELEMENTS_DEPTHWISE_H
#define VERIFY_CUDA_ELEMENTS_DEPTHWISE_H

#include "cuda/elements/bias_activation.h"

struct depthwise {
    struct map src;
    const void *weights; /* (kh, kw, C) of src's element type */
    struct taps taps;
    struct finish finish;
};

VERIFY_INLINE int depthwise_lanes(const struct depthwise *args) {
    int lanes = lanes_least(lanes_of_map(&args->src), lanes_of_address(args->weights));
    return lanes_least(lanes, finish_lanes(&args->finish));
}

VERIFY_INLINE void depthwise_run(const struct depthwise *args, size_t i, int lanes) {
    float sums[LANES] = {0}, values[LANES], weights[LANES];
    const struct map *src = &args->src;
    const struct taps *taps = &args->taps;
    struct place place = map_place(&args->finish.dst, i, lanes);
    int32_t top = place.y * taps->stride[0] - taps->pad[0];
    int32_t left = place.x * taps->stride[1] - taps->pad[1];
    for (int32_t ky = 0; ky < taps->kernel[0]; ky++)
        for (int32_t kx = 0; kx < taps->kernel[1]; kx++) {
            int32_t y = top + ky * taps->dilation[0], x = left + kx * taps->dilation[1];
            if (!map_has(src, y, x))
                continue;
            size_t tap = (size_t)ky * (size_t)taps->kernel[1] + (size_t)kx;
            lanes_load(src->data, src->element, map_at(src, place.n, y, x, place.channel), lanes,
                       values);
            lanes_load(args->weights, src->element, tap * src->channels + place.channel, lanes,
                       weights);
            LANES_UNROLL
            for (int lane = 0; lane < lanes; lane++)
                sums[lane] += weights[lane] * values[lane];
        }
    finish_run(&args->finish, &place, lanes, sums);
}

#endif
