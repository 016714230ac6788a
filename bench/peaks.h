/* What devices can do at most, by the names that the CUDA runtime gives them. */
#ifndef VERIFY_BENCH_PEAKS_H
#define VERIFY_BENCH_PEAKS_H

#include <stddef.h>
#include <string.h>

struct peak {
    const char *device;  /* a part of its name */
    double half, single; /* TFLOP/s: fp16 on tensor cores without sparsity; fp32 without TF32 */
    double bandwidth;    /* TB/s of the device's memory */
};

/* From NVIDIA's data sheet of each; fp16 is half of what a sheet gives with sparsity. The first
 * match counts; NULL for other devices. */
static inline const struct peak *peak_of(const char *device) {
    static const struct peak peaks[] = {
        {"H200 NVL", 835.5, 60.0, 4.8},         {"H200", 989.5, 67.0, 4.8},
        {"H100 80GB HBM3", 989.5, 67.0, 3.35},  {"H100 NVL", 835.5, 60.0, 3.9},
        {"H100 PCIe", 756.5, 51.0, 2.0},        {"A100-SXM4-80GB", 312.0, 19.5, 2.039},
        {"A100-SXM4-40GB", 312.0, 19.5, 1.555}, {"L40S", 362.05, 91.6, 0.864},
    };
    for (size_t i = 0; i < sizeof peaks / sizeof *peaks; i++)
        if (strstr(device, peaks[i].device))
            return &peaks[i];
    return NULL;
}

#endif
