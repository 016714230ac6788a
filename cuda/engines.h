/* The networks compiled for the input shapes that came, each with its forward captured as a CUDA
 * graph. What is called a network here is a model's graph, by its place among those of the backend.
 */
#ifndef VERIFY_CUDA_ENGINES_H
#define VERIFY_CUDA_ENGINES_H

#include <cuda_runtime_api.h>
#include <stdbool.h>

#include "cuda/network/network.h"

struct engine {
    size_t model; /* whose graph it is: engines.graphs[model] */
    size_t height, width;
    bool needed; /* by the batch at hand: it is not freed to make room */
    struct network *network;
    cudaGraphExec_t captured; /* from its second forward on */
    size_t forwards;
};

struct engines {
    size_t n_graphs;
    const struct graph **graphs; /* [n_graphs]; owned, but for the graphs; the library is not */
    struct conv_library *library;
    enum element element;
    size_t batch;
    size_t count, capacity;
    struct engine *items; /* the most recently compiled last; owned */
};

/* The stream must be idle. */
void engines_free(struct engines *engines);

/* The engine of a graph and a shape, or NULL where it is not compiled. Valid until the next
 * engines_compile or engines_make_room. */
struct engine *engines_find(struct engines *engines, size_t model, size_t height, size_t width);

/* Compiles a graph for one more shape, the stream being idle; it is needed. Where the device's
 * memory does not suffice, engines that are not needed make room, the oldest first; STATUS_FAILED
 * for REASON_MEMORY where even beside the needed ones alone it does not fit. */
enum status engines_compile(struct engines *engines, size_t model, size_t height, size_t width);
/* None is needed any more. */
void engines_release(struct engines *engines);

/* Frees the oldest engine that is not needed, the stream being idle. False where there is none. */
bool engines_make_room(struct engines *engines);

/* Enqueues the forward of the whole batch. */
enum status engine_forward(const struct engines *engines, struct engine *engine);

#endif
