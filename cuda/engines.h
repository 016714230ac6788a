/* The networks compiled for the input shapes that came, each with its forward captured as a CUDA
 * graph. */
#ifndef VERIFY_CUDA_ENGINES_H
#define VERIFY_CUDA_ENGINES_H

#include <cuda_runtime_api.h>
#include <stdbool.h>

#include "cuda/network/network.h"

struct engine {
    size_t height, width;
    struct network *network;
    cudaGraphExec_t captured; /* from its second forward on */
    size_t forwards;
};

struct engines {
    const struct graph *graph; /* the caller's, like the library */
    struct conv_library *library;
    cudaStream_t stream;
    enum element element;
    size_t batch;
    size_t count, capacity;
    struct engine *items; /* the most recently compiled last; owned */
};

/* The stream must be idle. */
void engines_free(struct engines *engines);

/* The engine of a shape, or NULL where it is not compiled. Valid until the next engines_compile. */
struct engine *engines_find(struct engines *engines, size_t height, size_t width);

/* Compiles the network for one more shape, the stream being idle. Where the device's memory does
 * not suffice, engines of other shapes make room, the oldest first; STATUS_FAILED for REASON_MEMORY
 * where even alone it does not fit. */
enum status engines_compile(struct engines *engines, size_t height, size_t width,
                            struct engine **out);

/* Frees the oldest engine but *keep, which may move; the stream being idle. False where there is no
 * other. */
bool engines_make_room(struct engines *engines, struct engine **keep);

/* Enqueues the forward of the whole batch. */
enum status engine_forward(struct engine *engine, cudaStream_t stream);

#endif
