/* A graph compiled for the CPU: what the backend runs, and what tests and benchmarks call. */
#ifndef VERIFY_CPU_NETWORK_H
#define VERIFY_CPU_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "cpu/trace.h"
#include "judge/judge.h"
#include "model/graph.h"

struct convolutions; /* kernels/convolutions.h */
struct cpu_network;

struct cpu_options {
    size_t threads; /* CPU threads used at most; 0: one */
    size_t block;   /* feature maps are kept in blocks of so many channels: 8 or 16, 1 for planes,
                       0 for what suits this CPU */
    const struct convolutions *convolutions; /* our own kernels, for such blocks; NULL: those of
                                                this CPU, if there are any */
    bool plain; /* every convolution by oneDNN's direct algorithm, none by our own kernels; in a
                   build without oneDNN by op_evaluate */
};

/* Prepares to run `graph`, which stays the caller's and must outlive the network. STATUS_BAD_INPUT
 * for an operator that cannot be run. */
enum status cpu_network_make(const struct graph *graph, const struct cpu_options *options,
                             struct cpu_network **out);
void cpu_network_free(struct cpu_network *network);

/* Compiles the graph for an input of height x width, where that was not done before. */
enum status cpu_network_compile(struct cpu_network *network, size_t height, size_t width);

/* Runs the network on one picture, planes (3, height, width), compiling where needed. The maps
 * point into the network's memory and hold until its next forward. One thread at a time. The
 * result depends neither on the number of threads nor on earlier pictures. */
enum status cpu_network_forward(struct cpu_network *network, size_t height, size_t width,
                                const float *planes, struct head_maps *maps);

/* The same for planes of levels, each of which stands for level / 255 (letterbox_units): the first
 * convolution reads them where it can, which saves writing the floats. */
enum status cpu_network_forward_levels(struct cpu_network *network, size_t height, size_t width,
                                       const uint8_t *levels, struct head_maps *maps);

/* The same as cpu_network_forward, but for a call of the trace's function behind each step. */
enum status cpu_network_trace(struct cpu_network *network, size_t height, size_t width,
                              const float *planes, struct head_maps *maps,
                              const struct cpu_trace *trace);

#endif
