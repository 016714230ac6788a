/* A network for each graph and input shape, captured as a CUDA graph. */
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

struct engine *engines_find(struct engines *engines, size_t model, size_t height, size_t width) {
    for (size_t i = 0; i < engines->count; i++) {
        struct engine *engine = &engines->items[i];
        if (engine->model == model && engine->height == height && engine->width == width)
            return engine;
    }
    return NULL;
}

void engines_release(struct engines *engines) {
    for (size_t i = 0; i < engines->count; i++)
        engines->items[i].needed = false;
}

bool engines_make_room(struct engines *engines) {
    size_t i = 0;
    while (i < engines->count && engines->items[i].needed)
        i++;
    if (i == engines->count)
        return false;
    struct engine *engine = &engines->items[i];
    engine_free(engine);
    engines->count--;
    memmove(engine, engine + 1, (engines->count - i) * sizeof *engine);
    return true;
}

enum status engines_compile(struct engines *engines, size_t model, size_t height, size_t width) {
    enum status status;
    struct network *network;
    TRY(memory_reserve(&engines->items, &engines->capacity, engines->count + 1,
                       sizeof *engines->items));
    while (
        status_is_for(REASON_MEMORY, status = network_make(engines->graphs[model], engines->library,
                                                           engines->element, engines->batch, height,
                                                           width, &network)) &&
        engines_make_room(engines)) {
    }
    TRY(status);
    engines->items[engines->count++] = (struct engine){
        .model = model, .height = height, .width = width, .needed = true, .network = network};
out:
    return status;
}

/* The first time as it is, since libraries still set themselves up then; the second time captured;
 * from then on the captured graph in one launch. */
enum status engine_forward(const struct engines *engines, struct engine *engine) {
    enum status status;
    cudaStream_t stream = conv_library_stream(engines->library);
    cudaGraph_t graph = NULL;
    if (engine->forwards++ == 0)
        return network_forward(engine->network);
    if (!engine->captured) {
        CUDA_TRY(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        enum status enqueued = network_forward(engine->network);
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
