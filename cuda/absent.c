/* Stands in for the CUDA backend in a build without it, and says so when asked. */
#include "cuda/cuda.h"

static enum status available(void) {
    return FAIL(STATUS_BAD_INPUT, "--device cuda: this verify was built without CUDA; use "
                                  "--device cpu, or build it where nvcc and cuDNN are found");
}

static enum status open_absent(const struct model *model, const struct judge *judge,
                               const struct backend_options *options, struct backend **out) {
    (void)model;
    (void)judge;
    (void)options;
    *out = NULL;
    return available();
}

const struct backend_interface backend_cuda = {
    .name = "cuda",
    .prefix = "GPU",
    .available = available,
    .open = open_absent,
};
