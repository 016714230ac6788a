/* How matrices of weights lie for multiply_avx2.h. */
#ifndef VERIFY_CPU_PACKING_H
#define VERIFY_CPU_PACKING_H

#include <stddef.h>

enum { PACKING_BLOCK = 8 }; /* channels of a block */

/* Where the weight of input i and output o is: for each pair of output blocks (the last may be
 * alone), (inputs, 16 or 8). `outputs` are whole blocks. */
static inline size_t packing_index(size_t inputs, size_t outputs, size_t i, size_t o) {
    const size_t both = (size_t)2 * PACKING_BLOCK, pair = o / both * both;
    size_t columns = outputs - pair < both ? PACKING_BLOCK : both;
    return pair * inputs + i * columns + (o - pair);
}

#endif
