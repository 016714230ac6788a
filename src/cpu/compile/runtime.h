/* What all plans of a network share. */
#ifndef VERIFY_CPU_RUNTIME_H
#define VERIFY_CPU_RUNTIME_H

#include <stdbool.h>

#include "base/status.h"
#include "cpu/kernels/convolutions.h"
#include "cpu/kernels/kernels.h"
#include "model/graph.h"

struct onednn; /* layers/onednn.h */
struct crew;   /* crew.h */

struct runtime {
    const struct graph *graph;
    size_t threads;
    struct crew *crew; /* that many */
    size_t block;      /* channels in a block; 1: all feature maps are planes */
    const struct kernels *kernels;
    const struct convolutions *convolutions; /* our own for such blocks; NULL: none */
    struct onednn *onednn;                   /* NULL: this build has none */
    size_t n_packed, packed_capacity;
    struct packed *packed; /* constants for our own kernels, shared between plans */
};

/* A convolution's constants as our own kernels read them. */
struct packed {
    const struct op *op;
    size_t floats;
    float *data;
};

/* The op's constants as it packed them before to as many floats (input shapes may differ in how an
 * op is done, and then in that number), or `floats` zeros to be filled (*fresh), aligned to
 * 64 bytes; owned by the runtime. */
enum status runtime_packed(struct runtime *runtime, const struct op *op, size_t floats, bool *fresh,
                           float **data);
/* Releases what was packed. */
void runtime_free(struct runtime *runtime);

/* Asks for large pages, as maps and weights are read in many places at a time: with pages of 4 KiB
 * the CPU keeps looking for their addresses. Where the kernel has no larger ones, nothing is
 * lost. */
void runtime_huge_pages(void *data, size_t bytes);

#endif
