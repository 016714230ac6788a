/* The backends of the program, best first: a new one is a line here. */
#include "backend.h"
#include "cpu/cpu.h"
#include "cuda/cuda.h"

const struct backend_interface *const backends[] = {&backend_cuda, &backend_cpu, NULL};
