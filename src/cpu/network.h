/* A graph compiled for the CPU: what the backend runs, and what tests and benchmarks call. */
#ifndef VERIFY_CPU_NETWORK_H
#define VERIFY_CPU_NETWORK_H

#include <stddef.h>

#include "base/status.h"
#include "judge/judge.h"
#include "model/graph.h"

struct cpu_network;

/* Prepares to run `graph`, which stays the caller's and must outlive the network. `threads` CPU
 * threads are used at most. Feature maps are kept in blocks of `block` channels: 8 or 16, 1 for
 * planes, 0 for what suits this CPU. STATUS_BAD_INPUT for an operator that cannot be run. */
enum status cpu_network_make(const struct graph *graph, size_t threads, size_t block,
                             struct cpu_network **out);
void cpu_network_free(struct cpu_network *network);

/* Compiles the graph for an input of height x width, where that was not done before. */
enum status cpu_network_compile(struct cpu_network *network, size_t height, size_t width);

/* Runs the network on one picture, planes (3, height, width), compiling where needed. The maps
 * point into the network's memory and hold until its next forward. One thread at a time. The
 * result depends neither on the number of threads nor on earlier pictures. */
enum status cpu_network_forward(struct cpu_network *network, size_t height, size_t width,
                                const float *planes, struct head_maps *maps);

#endif
