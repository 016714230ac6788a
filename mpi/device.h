/* What this rank computes with, and how many threads and images it keeps busy. */
#ifndef VERIFY_MPI_DEVICE_H
#define VERIFY_MPI_DEVICE_H

#include "backend.h"
#include "inputs.h"
#include "job/capacity.h"

/* Zeroed: a dry run's. */
struct device {
    const struct backend_interface *interface; /* NULL in a dry run */
    struct backend *backend;
    char name[256];
    char lacks[512]; /* why this rank cannot use the device that others could; "" */
    struct capacity capacity;
};

/* Collective: the best backend that all ranks can use, opened. */
enum status device_open(const struct ranks *ranks, const struct options *options,
                        const struct inputs *inputs, struct device *device);
/* A dry run's: nothing but readers. Not collective. */
void device_open_none(const struct ranks *ranks, const struct options *options,
                      struct device *device);
void device_free(struct device *device);

bool device_uses_gpus(const struct device *device);
/* "CPU" or "GPU", for lines about a rank. */
const char *device_prefix(const struct device *device);

/* threads.c — how many CPU threads this rank may use: --threads, or the node's cores shared among
 * its ranks. Widens the binding that mpirun gave where it is narrower than that. */
size_t threads_bind(int64_t wanted, int local_size);

#endif
