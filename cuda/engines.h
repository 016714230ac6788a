/* The networks compiled for the input shapes that came, each with its forward captured as a CUDA
 * graph. They run one after another on one stream, and so share memory: all of them an arena, which
 * is as large as the largest network's; those of one graph, of which a picture sees one only, the
 * input and the head's maps. */
#ifndef VERIFY_CUDA_ENGINES_H
#define VERIFY_CUDA_ENGINES_H

#include <cuda_runtime_api.h>
#include <stdbool.h>

#include "cuda/network/network.h"

struct engine {
    enum element element;
    size_t model; /* whose graph it is: engines.graphs[model] */
    size_t height, width;
    bool needed; /* by the batch at hand: it is not freed to make room */
    struct network *network;
    bool bound;               /* to the memory that there is */
    cudaGraphExec_t captured; /* from its second forward on, as long as it is bound; else NULL */
    bool has_run;
};

/* Memory on the device that engines share; NULL: none. */
struct shared_memory {
    void *data;
    size_t bytes;
};

struct engines {
    size_t n_graphs;
    const struct graph **graphs; /* [n_graphs]; owned, but for the graphs; the library is not */
    struct conv_library *library;
    size_t batch;
    struct shared_memory arena;
    struct shared_memory *ends; /* [n_graphs]: of the networks of each graph; owned */
    size_t count, capacity;
    struct engine *items; /* the most recently compiled last; owned */
};

/* An empty one for `n_graphs` graphs, which the caller fills in. */
enum status engines_make(size_t n_graphs, struct engines *engines);
/* Frees the engines and their memory, the stream being idle; more can be added after that. */
void engines_clear(struct engines *engines);
/* Frees all. The stream must be idle. */
void engines_free(struct engines *engines);

/* The engine of a graph and a shape, or NULL where it is not compiled. Valid until the next
 * engines_add, engines_compile or engines_make_room. */
struct engine *engines_find(struct engines *engines, enum element element, size_t model,
                            size_t height, size_t width);

/* Adds a graph for one more shape, with all the memory that it needs, the stream being idle; it can
 * be run once engines_build has found how. STATUS_FAILED for REASON_MEMORY where it does not fit.
 * The heads of all may lie elsewhere then. */
enum status engines_add(struct engines *engines, enum element element, size_t model, size_t height,
                        size_t width);
/* Finds how convolutions are best computed that none had before, which may take minutes. */
enum status engines_build(struct engines *engines);
/* Both; it is needed. Where the device's memory does not suffice, engines that are not needed make
 * room, the oldest first; STATUS_FAILED for REASON_MEMORY where even beside the needed ones alone
 * it does not fit. */
enum status engines_compile(struct engines *engines, enum element element, size_t model,
                            size_t height, size_t width);
/* None is needed any more. */
void engines_release(struct engines *engines);

/* Frees the oldest engine that is not needed, and shared memory that is larger than the others
 * need, the stream being idle; then engines_settle must be called. False where there is none. */
bool engines_make_room(struct engines *engines);
/* Allocates the shared memory that the engines need and do not have, the stream being idle; their
 * heads may lie elsewhere then. STATUS_FAILED for REASON_MEMORY where there is too little. */
enum status engines_settle(struct engines *engines);

/* Enqueues the first two forwards, with all that they take of the device's memory. STATUS_FAILED
 * for REASON_MEMORY where it does not suffice. */
enum status engine_rehearse(const struct engines *engines, struct engine *engine);
/* Enqueues the forward of the whole batch. */
enum status engine_forward(const struct engines *engines, struct engine *engine);

#endif
