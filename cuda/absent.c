/* Stands in for the CUDA backend in a build without it, and says so when asked. */
#include "cuda/cuda.h"

static enum status available(const int *devices, size_t n_devices) {
    (void)devices;
    (void)n_devices;
    return FAIL(STATUS_BAD_INPUT, "this verify was built without CUDA; use --device cpu, or build "
                                  "it where nvcc and cuDNN are found");
}

static enum status open_absent(const struct model *model, const struct judge *judge,
                               const struct backend_options *options, struct backend **out) {
    (void)model;
    (void)judge;
    *out = NULL;
    return available(options->devices, options->n_devices);
}

const struct backend_interface backend_cuda = {
    .name = "cuda",
    .prefix = "GPU",
    .available = available,
    .open = open_absent,
};
