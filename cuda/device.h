/* The CUDA device of this process. */
#ifndef VERIFY_CUDA_DEVICE_H
#define VERIFY_CUDA_DEVICE_H

#include <stddef.h>

#include "base/status.h"

struct device {
    int index;   /* among the visible ones */
    int visible; /* how many there are */
    char name[256];
    int major, minor; /* compute capability */
    int multiprocessors;
    size_t memory; /* bytes */
    char uuid[48]; /* "GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", as nvidia-smi -L */
    int driver;    /* the newest CUDA version that the driver knows, 1000 major + 10 minor */
    int runtime;   /* the CUDA runtime's, written likewise */
    size_t cudnn;  /* 10000 major + 100 minor + patch */
};

/* Whether a process can use CUDA here, and each of these devices (NULL, 0: any that is visible):
 * STATUS_OK, or STATUS_BAD_INPUT with one line that says what is missing and what to do. Takes no
 * memory on a device. */
enum status device_available(const int *devices, size_t n_devices);

/* Which of `count` (above 0) devices a process takes: local ranks go round them. */
static inline int device_index(int local_rank, int count) {
    return local_rank % count;
}

/* Makes the calling thread's device that of the local rank (not negative) among these (NULL, 0: all
 * that are visible) and describes it. Other threads call cudaSetDevice(out->index). Fails like
 * device_available, or with STATUS_FAILED where the device itself cannot be opened. */
enum status device_bind(int local_rank, const int *devices, size_t n_devices, struct device *out);

#endif
