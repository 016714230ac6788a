/* Convolutions in blocks of 16 channels, for AVX-512; compiled so by cmake/cpu.cmake. */
#include "cpu/kernels/convolutions.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

#define VECTOR_LANES 16
#include "cpu/kernels/attention_kernel.h"
#include "cpu/kernels/depthwise_kernel.h"
#include "cpu/kernels/direct_kernel.h"
#include "cpu/kernels/pointwise_kernel.h"
#include "cpu/kernels/winograd_kernel.h"

const struct convolutions convolutions_avx512 = {winograd_tiles, pointwise_cells, direct_band,
                                                 depthwise_rows, attention_tile};

#endif
