/* The backends of the program, best first: a new one is a row here. */
#include "backend.h"
#include "cpu/cpu.h"

static const char *const nvidia[] = {"/dev/nvidiactl", "libcuda.so.1", NULL};

static const struct backend_interface cuda = {
    .name = "cuda",
    .prefix = "GPU",
    .uses_gpus = true,
    .library = "libverify_cuda.so",
    .signs = nvidia,
    .without = "this verify was built without CUDA, or that part is not installed; use --device "
               "cpu, or build it where nvcc and cuDNN are found",
};

const struct backend_interface *const backends[] = {&cuda, &backend_cpu, NULL};
