/* Convolutions in blocks of 16 channels, for AVX-512; CMakeLists.txt compiles this file so. */
#include "cpu/convolutions.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

#define VECTOR_LANES 16
#include "cpu/direct_kernel.h"
#include "cpu/pointwise_kernel.h"
#include "cpu/winograd_kernel.h"

const struct convolutions convolutions_avx512 = {winograd_tiles, pointwise_cells, direct_band};

#endif
