/* A network for each input shape, captured as a CUDA graph. */
#include "cuda/engines.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cuda/check.h"
#include "cuda/memory.h"

static void engine_free(struct engine *engine) {
    if (engine->captured)
        cuda_forget(cudaGraphExecDestroy(engine->captured));
    network_free(engine->network);
}

void engines_free(struct engines *engines) {
    for (size_t i = 0; i < engines->count; i++)
        engine_free(&engines->items[i]);
    free(engines->items);
    engines->items = NULL;
    engines->count = engines->capacity = 0;
}

struct engine *engines_find(struct engines *engines, size_t height, size_t width) {
    for (size_t i = 0; i < engines->count; i++)
        if (engines->items[i].height == height && engines->items[i].width == width)
            return &engines->items[i];
    return NULL;
}

static void remove_at(struct engines *engines, size_t index) {
    struct engine *engine = &engines->items[index];
    engine_free(engine);
    engines->count--;
    memmove(engine, engine + 1, (engines->count - index) * sizeof *engine);
}

bool engines_make_room(struct engines *engines, struct engine **keep) {
    if (engines->count < 2)
        return false;
    size_t index = *keep == engines->items;
    remove_at(engines, index);
    if (!index)
        --*keep;
    return true;
}

enum status engines_compile(struct engines *engines, size_t height, size_t width,
                            struct engine **out) {
    enum status status;
    struct network *network;
    *out = NULL;
    TRY(memory_reserve(&engines->items, &engines->capacity, engines->count + 1,
                       sizeof *engines->items));
    while (status_is_for(REASON_MEMORY,
                         status = network_make(engines->graph, engines->library, engines->element,
                                               engines->batch, height, width, &network)) &&
           engines->count > 0)
        remove_at(engines, 0);
    TRY(status);
    *out = &engines->items[engines->count++];
    **out = (struct engine){.height = height, .width = width, .network = network};
out:
    return status;
}

/* The first time as it is, since libraries still set themselves up then; the second time captured;
 * from then on the captured graph in one launch. */
enum status engine_forward(struct engine *engine, cudaStream_t stream) {
    enum status status;
    cudaGraph_t graph = NULL;
    if (engine->forwards++ == 0)
        return network_forward(engine->network, stream);
    if (!engine->captured) {
        CUDA_TRY(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        enum status enqueued = network_forward(engine->network, stream);
        cudaError_t ended = cudaStreamEndCapture(stream, &graph);
        TRY(enqueued); /* says more than that the capture broke */
        TRY(cuda_status(ended, "cudaStreamEndCapture"));
        CUDA_TRY(cudaGraphInstantiateWithFlags(&engine->captured, graph, 0));
    }
    CUDA_TRY(cudaGraphLaunch(engine->captured, stream));
out:
    if (graph)
        cuda_forget(cudaGraphDestroy(graph));
    return status;
}
