/* Our own convolutions for blocks of 16 channels on CPUs without AVX-512, which nothing but tests
 * runs: so all that is particular to such blocks is tested on any CPU with AVX2. */
#ifndef VERIFY_TEST_CONVOLUTIONS_HALVES_H
#define VERIFY_TEST_CONVOLUTIONS_HALVES_H

#include "cpu/kernels/convolutions_choose.h"

/* 16 floats in two registers, for AVX2 and FMA. */
extern const struct convolutions convolutions_halves;

/* The kernels for blocks of 8 or 16 channels that this CPU can run; NULL: there are none. */
static inline const struct convolutions *convolutions_of(size_t block) {
    const struct convolutions *found = convolutions_choose(block);
#if defined(__x86_64__)
    if (!found && block == 16 && convolutions_choose(8))
        return &convolutions_halves;
#endif
    return found;
}

#endif
