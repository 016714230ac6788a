/* Channels moved as they are: copies between pitches and element types, and the picking of runs of
 * channels. */
#ifndef VERIFY_CUDA_ELEMENTS_CHANNELS_H
#define VERIFY_CUDA_ELEMENTS_CHANNELS_H

#include "cuda/elements/place.h"

/* dst channel c = src channel first + (c / run) * step + c % run. */
struct gather {
    struct map src, dst;
    size_t first, run, step;
};

/* A copy is one run of all channels. */
VERIFY_INLINE struct gather gather_all(const struct map *src, const struct map *dst) {
    struct gather args;
    args.src = *src;
    args.dst = *dst;
    args.first = 0;
    args.run = dst->channels;
    args.step = 0;
    return args;
}

/* The channels of src that are not taken matter not, so that its number of channels need not be a
 * multiple. */
VERIFY_INLINE int gather_lanes(const struct gather *args) {
    bool whole = args->src.pitch % LANES == 0 && args->first % LANES == 0 &&
                 args->run % LANES == 0 && args->step % LANES == 0;
    return whole ? lanes_least(lanes_of_address(args->src.data), lanes_of_map(&args->dst)) : 1;
}

VERIFY_INLINE void gather_run(const struct gather *args, size_t i, int lanes) {
    float values[LANES];
    struct place place = map_place(&args->dst, i, lanes);
    size_t run = place.channel / args->run;
    size_t channel = args->first + run * args->step + (place.channel - run * args->run);
    lanes_load(args->src.data, args->src.element, place.cell * args->src.pitch + channel, lanes,
               values);
    lanes_store(args->dst.data, args->dst.element, place.cell * args->dst.pitch + place.channel,
                lanes, values);
}

#endif
