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

/* Whether a process can use CUDA here: STATUS_OK, or STATUS_BAD_INPUT with one line that begins
 * with
 * "--device cuda: " and says what is missing and what to do. Takes no memory on a device. */
enum status device_available(void);

/* The device that a process takes: local ranks go round the visible devices. count > 0. */
static inline int device_index(int local_rank, int count) {
    return local_rank % count;
}

/* Makes the calling thread's device that of the local rank (not negative) and describes it. Other
 * threads call cudaSetDevice(out->index). Fails like device_available, or with STATUS_FAILED where
 * the device itself cannot be opened. */
enum status device_bind(int local_rank, struct device *out);

#endif
