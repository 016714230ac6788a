/* Which of our own convolutions this CPU can run. */
#ifndef VERIFY_CPU_CONVOLUTIONS_CHOOSE_H
#define VERIFY_CPU_CONVOLUTIONS_CHOOSE_H

#include "cpu/kernels/convolutions.h"

/* The fastest for blocks of so many channels; NULL: there are none. */
const struct convolutions *convolutions_choose(size_t block);
/* Channels of a block for which there are the fastest; 1 where there are none. */
size_t convolutions_choose_block(void);

#endif
