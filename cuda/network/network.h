/* A graph compiled for the device: layouts, memory, steps. Knows neither CUDA's nor cuDNN's API,
 * only cuda/kernels/kernels.h, cuda/conv/conv.h and cuda/memory.h, so that tests run it on the host
 * with plain loops. */
#ifndef VERIFY_CUDA_NETWORK_H
#define VERIFY_CUDA_NETWORK_H

#include "cuda/conv/conv.h"
#include "cuda/kernels/kernels.h"
#include "judge/judge.h"
#include "model/graph.h"

struct network;

/* Compiles `graph` for batches of n inputs of height x width. Convolutions' weights are converted
 * to `element`, channels last, and put on the device once for all networks of the library. The
 * graph and the library stay the caller's; the library must outlive the network, and the graph's
 * constants the library. It can be run once the library has built what it wants of it
 * (conv_library_build). STATUS_BAD_INPUT for an operator that cannot be run, naming it and its
 * node. */
enum status network_make(const struct graph *graph, struct conv_library *library,
                         enum element element, size_t n, size_t height, size_t width,
                         struct network **out);
void network_free(struct network *network);

/* Memory on the device that a network works in and does not own. Networks that run one after
 * another may share it. */
struct network_memory {
    void *arena; /* what it holds is needed within a forward only */
    void *ends;  /* the input, from when it is filled, and the head's maps, until they are read */
};
struct network_bytes {
    size_t arena, ends;
};
/* How much of each it needs. */
struct network_bytes network_bytes(const struct network *network);
/* Says where that memory is: before the first forward, and again when it has moved. What was
 * enqueued or captured before is not changed by it. */
void network_bind(struct network *network, const struct network_memory *memory);

/* The input map (n, height, width, channels), or one in cells of 2x2 pixels, to be filled by
 * kernel_letterbox; channels are padded for fp16's alignment. */
struct map network_input(const struct network *network);
/* Enqueues the forward of the whole batch on the library's stream. */
enum status network_forward(struct network *network);

/* The steps that a forward enqueues, one by one: for profiles, and for tests of single layers. */
struct network_step {
    const char *kind; /* "conv", "sppf" … */
    const char *name; /* the model file's node that it computes; "" of a copy of the head's maps */
    char shape[64];   /* kernel and stride where it has any, channels x height x width in and out:
                         "3x3/2 64x80x80 > 128x40x40" */
    uint64_t flop;    /* multiplications and additions of convolutions and attention, textbook's */
    uint64_t bytes;   /* maps, weights and bias, each read or written once */
};
size_t network_n_steps(const struct network *network);
struct network_step network_step(const struct network *network, size_t index);
/* Enqueues one step; all of them in order are a forward. */
enum status network_step_run(struct network *network, size_t index);

/* After a forward: the head's raw maps on the device, fp32, channels last. */
struct network_head {
    struct map boxes[GRAPH_LEVELS], scores[GRAPH_LEVELS];
};
struct network_head network_head(const struct network *network);

#endif
