/* Transposed convolution, seen from the output: the source cells that spread into one cell. */
#ifndef VERIFY_CUDA_ELEMENTS_DECONVOLUTION_H
#define VERIFY_CUDA_ELEMENTS_DECONVOLUTION_H

#include "cuda/elements/bias_activation.h"

struct deconvolution {
    struct map src;
    const void *weights; /* (kh, kw, I, O) of src's element type */
    struct taps taps;
    struct finish finish;
};

VERIFY_INLINE int deconvolution_lanes(const struct deconvolution *args) {
    return lanes_least(lanes_of_address(args->weights), finish_lanes(&args->finish));
}

/* Where along an axis the source cell lies that tap k spreads to output position `at`; -1: none. */
VERIFY_INLINE int32_t deconvolution_from(const struct taps *taps, int axis, int32_t at, int32_t k,
                                         size_t size) {
    int32_t from = at + taps->pad[axis] - k * taps->dilation[axis];
    if (from < 0 || from % taps->stride[axis])
        return -1;
    from /= taps->stride[axis];
    return from < (int32_t)size ? from : -1;
}

VERIFY_INLINE void deconvolution_run(const struct deconvolution *args, size_t i, int lanes) {
    float sums[LANES] = {0}, weights[LANES];
    const struct map *src = &args->src;
    const struct taps *taps = &args->taps;
    struct place place = map_place(&args->finish.dst, i, lanes);
    for (int32_t ky = 0; ky < taps->kernel[0]; ky++) {
        int32_t y = deconvolution_from(taps, 0, place.y, ky, src->height);
        for (int32_t kx = 0; y >= 0 && kx < taps->kernel[1]; kx++) {
            int32_t x = deconvolution_from(taps, 1, place.x, kx, src->width);
            if (x < 0)
                continue;
            size_t from = map_at(src, place.n, y, x, 0);
            size_t row = (size_t)(ky * taps->kernel[1] + kx) * src->channels;
            for (size_t c = 0; c < src->channels; c++) {
                float value = element_load(src->data, src->element, from + c);
                lanes_load(args->weights, src->element,
                           (row + c) * args->finish.dst.channels + place.channel, lanes, weights);
                LANES_UNROLL
                for (int lane = 0; lane < lanes; lane++)
                    sums[lane] += weights[lane] * value;
            }
        }
    }
    finish_run(&args->finish, &place, lanes, sums);
}

#endif
