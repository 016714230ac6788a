/* What this rank computes with, and how many threads and images it keeps busy. */
#ifndef VERIFY_MPI_PROCESSOR_H
#define VERIFY_MPI_PROCESSOR_H

#include "backend.h"
#include "inputs.h"
#include "job/capacity.h"

/* Zeroed: a dry run's. */
struct processor {
    const struct backend_interface *interface; /* NULL in a dry run */
    struct backend *backend;
    char name[256];
    char lacks[512]; /* why this rank cannot use the device that others could or that is here; "" */
    struct capacity capacity;
};

/* Collective: the best backend that all ranks can use, opened. */
enum status processor_open(const struct ranks *ranks, const struct options *options,
                           const struct inputs *inputs, struct processor *processor);
/* A dry run's: nothing but readers. Not collective. */
void processor_open_none(const struct ranks *ranks, const struct options *options,
                         struct processor *processor);
/* Zeroed is fine. */
void processor_free(struct processor *processor);

/* Whether it computes on GPUs; not in a dry run. */
bool processor_uses_gpus(const struct processor *processor);
/* "CPU" or "GPU", for lines about a rank. */
const char *processor_prefix(const struct processor *processor);

/* choices.c — collective, then to be agreed on: opens the backend; where it chooses by measuring
 * how it computes, with the choices of the lowest rank that has the same kind of device. */
enum status processor_open_alike(const struct ranks *ranks,
                                 const struct backend_interface *interface,
                                 const struct inputs *inputs, struct backend_options *options,
                                 struct processor *processor);

/* threads.c — how many CPU threads this rank may use: --threads, or the node's cores shared among
 * its ranks. Widens the binding that mpirun gave where it is narrower than that. */
size_t threads_bind(int64_t wanted, int local_size);

/* Whether the run has a self-test: it is asked for, and the backend has what it needs. */
bool processor_self_tests(const struct processor *processor, const struct judge *judge);

#endif
