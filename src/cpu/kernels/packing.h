/* How matrices of weights lie for multiply.h. */
#ifndef VERIFY_CPU_PACKING_H
#define VERIFY_CPU_PACKING_H

#include <stddef.h>

/* Where the weight of input i and output o is: for each pair of output blocks (the last may be
 * alone), (inputs, 2 block or block). `outputs` are whole blocks. */
static inline size_t packing_index(size_t block, size_t inputs, size_t outputs, size_t i,
                                   size_t o) {
    size_t both = 2 * block, pair = o / both * both;
    size_t columns = outputs - pair < both ? block : both;
    return pair * inputs + i * columns + (o - pair);
}

#endif
