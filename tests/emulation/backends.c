/* The table of src/backends.c with the emulated CUDA backend in the program. */
#include "backend.h"
#include "cpu/cpu.h"
#include "cuda/cuda.h"

const struct backend_interface *const backends[] = {&backend_cuda, &backend_cpu, NULL};
