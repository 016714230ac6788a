/* The CUDA backend: cuDNN convolutions and kernels of our own. */
#ifndef VERIFY_CUDA_CUDA_H
#define VERIFY_CUDA_CUDA_H

#include "backend.h"

extern const struct backend_interface backend_cuda;

#endif
