/* A graph compiled for the device: layouts, memory, steps. Knows neither CUDA's nor cuDNN's API,
 * only cuda/kernels.h, cuda/conv.h and cuda/memory.h, so that tests run it on the host with plain
 * loops. */
#ifndef VERIFY_CUDA_NETWORK_H
#define VERIFY_CUDA_NETWORK_H

#include "cuda/conv.h"
#include "cuda/kernels.h"
#include "judge/judge.h"
#include "model/graph.h"

struct network;

/* Compiles `graph` for batches of n inputs of height x width. Convolutions' weights are converted
 * to `element`, channels last, and put on the device. The graph and the library stay the caller's
 * and must outlive the network. STATUS_BAD_INPUT for an operator that cannot be run, naming it and
 * its node. */
enum status network_make(const struct graph *graph, struct conv_library *library,
                         enum element element, size_t n, size_t height, size_t width,
                         struct network **out);
void network_free(struct network *network);

/* Device bytes that the network takes: feature maps, weights. */
size_t network_bytes(const struct network *network);
/* The input map (n, height, width, channels), to be filled by kernel_letterbox; 8 channels for
 * fp16's alignment, 3 or 4 otherwise. */
struct map network_input(const struct network *network);
/* Enqueues the forward of the whole batch. */
enum status network_forward(struct network *network, stream_handle stream);
/* After a forward: the head's raw maps on the device, fp32, channels last. */
struct network_head {
    struct map boxes[GRAPH_LEVELS], scores[GRAPH_LEVELS];
};
struct network_head network_head(const struct network *network);

#endif
