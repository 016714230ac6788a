/* Convolutions in blocks of 16 channels, for AVX2 and FMA; CMakeLists.txt compiles this file so. */
#include "cpu/convolutions.h"

#if defined(__AVX2__) && defined(__FMA__)

#define VECTOR_LANES 16
#include "cpu/direct_kernel.h"
#include "cpu/pointwise_kernel.h"
#include "cpu/winograd_kernel.h"

const struct convolutions convolutions_halves = {winograd_tiles, pointwise_cells, direct_band};

#endif
