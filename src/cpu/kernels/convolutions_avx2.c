/* Convolutions in blocks of 8 channels, for AVX2 and FMA; compiled so by cmake/cpu.cmake. */
#include "cpu/kernels/convolutions.h"

#if defined(__AVX2__) && defined(__FMA__)

#define VECTOR_LANES 8
#include "cpu/kernels/attention_kernel.h"
#include "cpu/kernels/depthwise_kernel.h"
#include "cpu/kernels/direct_kernel.h"
#include "cpu/kernels/pointwise_kernel.h"
#include "cpu/kernels/winograd_kernel.h"

const struct convolutions convolutions_avx2 = {winograd_tiles, pointwise_cells, direct_band,
                                               depthwise_rows, attention_tile};

#endif
