/* What follows a layer's sum: bias, activation, residual. */
#ifndef VERIFY_CUDA_ELEMENTS_BIAS_ACTIVATION_H
#define VERIFY_CUDA_ELEMENTS_BIAS_ACTIVATION_H

#include "cuda/elements/activation_math.h"
#include "cuda/elements/place.h"

/* residual without data: none. */
struct finish {
    const float *bias; /* or NULL */
    struct map residual;
    struct epilogue epilogue;
    struct map dst;
};

VERIFY_INLINE struct finish finish_make(const float *bias, const struct map *residual,
                                        const struct epilogue *epilogue, const struct map *dst) {
    struct finish finish;
    finish.bias = bias;
    finish.residual = map_or_none(residual);
    finish.epilogue = *epilogue;
    finish.dst = *dst;
    return finish;
}

VERIFY_INLINE struct finish layer_finish(const struct kernel_layer *layer) {
    return finish_make(layer->bias, layer->residual, layer->epilogue, layer->dst);
}

VERIFY_INLINE int finish_lanes(const struct finish *finish) {
    return lanes_least(lanes_of_map(&finish->dst), lanes_of_map(&finish->residual));
}

/* Stores activation(sums + bias) + residual at a place of dst; `sums` is overwritten. */
VERIFY_INLINE void finish_run(const struct finish *finish, const struct place *place, int lanes,
                              float *sums) {
    if (finish->bias) {
        LANES_UNROLL
        for (int i = 0; i < lanes; i++)
            sums[i] += finish->bias[place->channel + (size_t)i];
    }
    epilogue_lanes(&finish->epilogue, lanes, sums);
    if (finish->residual.data) {
        float residual[LANES];
        lanes_load(finish->residual.data, finish->residual.element,
                   place->cell * finish->residual.pitch + place->channel, lanes, residual);
        LANES_UNROLL
        for (int i = 0; i < lanes; i++)
            sums[i] += residual[i];
    }
    lanes_store(finish->dst.data, finish->dst.element,
                place->cell * finish->dst.pitch + place->channel, lanes, sums);
}

struct bias_activation {
    struct map src;
    struct finish finish;
};

VERIFY_INLINE int bias_activation_lanes(const struct bias_activation *args) {
    return lanes_least(lanes_of_map(&args->src), finish_lanes(&args->finish));
}

VERIFY_INLINE void bias_activation_run(const struct bias_activation *args, size_t i, int lanes) {
    float sums[LANES];
    struct place place = map_place(&args->finish.dst, i, lanes);
    lanes_load(args->src.data, args->src.element, place.cell * args->src.pitch + place.channel,
               lanes, sums);
    finish_run(&args->finish, &place, lanes, sums);
}

#endif
