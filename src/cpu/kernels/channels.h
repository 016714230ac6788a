/* Copies of channels between feature maps of different layouts. */
#ifndef VERIFY_CPU_CHANNELS_H
#define VERIFY_CPU_CHANNELS_H

#include <stddef.h>

/* Channels of a feature map of one picture: channel c of cell p is at
 * data[c / block * cells * block + p * block + c % block]; block 1 is planes. */
struct channels {
    float *data;
    size_t block;
    size_t first; /* the first channel meant */
};

/* Copies `count` channels of `cells` cells; the two do not overlap. */
void channels_copy(const struct channels *src, const struct channels *dst, size_t count,
                   size_t cells);

/* Zeroes what a block of `cells` has beyond its first `used` channels. */
void channels_clear_padding(float *data, size_t block, size_t used, size_t cells);

#endif
