/* Convolutions in blocks of 16 channels, for AVX2 and FMA; compiled so by tests/CMakeLists.txt. */
#include "convolutions_halves.h"

#if defined(__AVX2__) && defined(__FMA__)

#define VECTOR_LANES  16
#define VECTOR_HEADER "vector_halves.h"
#include "cpu/kernels/attention_kernel.h"
#include "cpu/kernels/depthwise_kernel.h"
#include "cpu/kernels/direct_kernel.h"
#include "cpu/kernels/pointwise_kernel.h"
#include "cpu/kernels/winograd_kernel.h"

const struct convolutions convolutions_halves = {winograd_tiles, pointwise_cells, direct_band,
                                                 depthwise_rows, attention_tile};

#endif
