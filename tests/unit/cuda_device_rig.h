/* Whether a test of CUDA code has what it runs on: a GPU in programs built with TEST_ON_GPU, the
 * host otherwise. */
#ifndef VERIFY_TEST_CUDA_DEVICE_RIG_H
#define VERIFY_TEST_CUDA_DEVICE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/status.h"

#ifdef TEST_ON_GPU
#include "cuda/device.h"
enum { ON_GPU = 1 };
static inline bool rig_has_device(void) {
    struct device device;
    bool there =
        device_available(NULL, 0) == STATUS_OK && device_bind(0, NULL, 0, &device) == STATUS_OK;
    if (!there)
        print_message("skipped: %s\n", status_message());
    return there;
}
#else
enum { ON_GPU = 0 };
static inline bool rig_has_device(void) {
    return true;
}
#endif

#endif
