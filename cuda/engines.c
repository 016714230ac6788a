/* A network for each graph and input shape, captured as a CUDA graph. */
#include "cuda/engines.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cuda/check.h"
#include "cuda/memory.h"

/* It may no longer run: the memory that it works in goes. */
static void engine_unbind(struct engine *engine) {
    if (engine->captured)
        cuda_forget(cudaGraphExecDestroy(engine->captured));
    engine->captured = NULL;
    engine->bound = false;
}

static void engine_free(struct engine *engine) {
    engine_unbind(engine);
    network_free(engine->network);
}

static void shared_free(struct shared_memory *memory) {
    device_free(memory->data);
    *memory = (struct shared_memory){0};
}

enum status engines_make(size_t n_graphs, struct engines *engines) {
    enum status status;
    *engines = (struct engines){.n_graphs = n_graphs};
    TRY(memory_zeroed(n_graphs, sizeof(void *), &engines->graphs));
    TRY(memory_zeroed(n_graphs, sizeof *engines->ends, &engines->ends));
out:
    return status;
}

void engines_clear(struct engines *engines) {
    for (size_t i = 0; i < engines->count; i++)
        engine_free(&engines->items[i]);
    free(engines->items);
    engines->items = NULL;
    engines->count = engines->capacity = 0;
    if (engines->library)
        conv_library_forget(engines->library);
    shared_free(&engines->arena);
    for (size_t i = 0; engines->ends && i < engines->n_graphs; i++)
        shared_free(&engines->ends[i]);
}

void engines_free(struct engines *engines) {
    engines_clear(engines);
    free(engines->ends);
    free(engines->graphs);
}

struct engine *engines_find(struct engines *engines, enum element element, size_t model,
                            size_t height, size_t width) {
    for (size_t i = 0; i < engines->count; i++) {
        struct engine *engine = &engines->items[i];
        if (engine->element == element && engine->model == model && engine->height == height &&
            engine->width == width)
            return engine;
    }
    return NULL;
}

void engines_release(struct engines *engines) {
    for (size_t i = 0; i < engines->count; i++)
        engines->items[i].needed = false;
}

/* What the engines take of the arena, and those of one graph of its ends. */
static struct network_bytes bytes_needed(const struct engines *engines, size_t model) {
    struct network_bytes needed = {0};
    for (size_t i = 0; i < engines->count; i++) {
        struct network_bytes bytes = network_bytes(engines->items[i].network);
        needed.arena = bytes.arena > needed.arena ? bytes.arena : needed.arena;
        if (engines->items[i].model == model && bytes.ends > needed.ends)
            needed.ends = bytes.ends;
    }
    return needed;
}

static void unbind_all(struct engines *engines) {
    for (size_t i = 0; i < engines->count; i++)
        engine_unbind(&engines->items[i]);
}

/* Frees what is not of this size. */
static void fit(struct engines *engines, struct shared_memory *memory, size_t bytes) {
    if (memory->bytes == bytes)
        return;
    unbind_all(engines);
    shared_free(memory);
}

/* As `fit`, and there is that much then. */
static enum status reserve(struct engines *engines, struct shared_memory *memory, size_t bytes) {
    enum status status = STATUS_OK;
    if (memory->data && memory->bytes >= bytes)
        return STATUS_OK;
    fit(engines, memory, bytes);
    if (!memory->data)
        TRY(device_alloc(bytes, &memory->data));
    memory->bytes = bytes;
out:
    return status;
}

enum status engines_settle(struct engines *engines) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < engines->n_graphs; i++) {
        struct network_bytes needed = bytes_needed(engines, i);
        TRY(reserve(engines, &engines->arena, needed.arena));
        TRY(reserve(engines, &engines->ends[i], needed.ends));
    }
    for (size_t i = 0; i < engines->count; i++) {
        struct engine *engine = &engines->items[i];
        if (!engine->bound)
            network_bind(
                engine->network,
                &(struct network_memory){engines->arena.data, engines->ends[engine->model].data});
        engine->bound = true;
    }
out:
    return status;
}

bool engines_make_room(struct engines *engines) {
    size_t i = 0;
    while (i < engines->count && engines->items[i].needed)
        i++;
    if (i == engines->count)
        return false;
    struct engine *engine = &engines->items[i];
    size_t model = engine->model;
    engine_free(engine);
    engines->count--;
    memmove(engine, engine + 1, (engines->count - i) * sizeof *engine);
    struct network_bytes needed = bytes_needed(engines, model);
    fit(engines, &engines->arena, needed.arena);
    fit(engines, &engines->ends[model], needed.ends);
    return true;
}

static void engines_drop_last(struct engines *engines) {
    engine_free(&engines->items[--engines->count]);
    conv_library_forget(engines->library);
}

enum status engines_add(struct engines *engines, enum element element, size_t model, size_t height,
                        size_t width) {
    enum status status;
    struct network *network;
    TRY(memory_reserve(&engines->items, &engines->capacity, engines->count + 1,
                       sizeof *engines->items));
    status = network_make(engines->graphs[model], engines->library, element, engines->batch, height,
                          width, &network);
    if (status != STATUS_OK)
        conv_library_forget(engines->library);
    TRY(status);
    engines->items[engines->count++] = (struct engine){.element = element,
                                                       .model = model,
                                                       .height = height,
                                                       .width = width,
                                                       .needed = true,
                                                       .network = network};
    status = engines_settle(engines);
    if (status != STATUS_OK)
        engines_drop_last(engines);
out:
    return status;
}

enum status engines_build(struct engines *engines) {
    return conv_library_build(engines->library);
}

static enum status add_and_build(struct engines *engines, enum element element, size_t model,
                                 size_t height, size_t width) {
    enum status status;
    TRY(engines_add(engines, element, model, height, width));
    status = engines_build(engines);
    if (status != STATUS_OK)
        engines_drop_last(engines);
out:
    return status;
}

enum status engines_compile(struct engines *engines, enum element element, size_t model,
                            size_t height, size_t width) {
    enum status status;
    do
        status = add_and_build(engines, element, model, height, width);
    while (status_is_for(REASON_MEMORY, status) && engines_make_room(engines));
    return status;
}

static enum status capture(const struct engines *engines, struct engine *engine) {
    enum status status;
    cudaStream_t stream = conv_library_stream(engines->library);
    cudaGraph_t graph = NULL;
    CUDA_TRY(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    enum status enqueued = network_forward(engine->network);
    cudaError_t ended = cudaStreamEndCapture(stream, &graph);
    TRY(enqueued); /* says more than that the capture broke */
    TRY(cuda_status(ended, "cudaStreamEndCapture"));
    CUDA_TRY(cudaGraphInstantiateWithFlags(&engine->captured, graph, 0));
out:
    if (graph)
        cuda_forget(cudaGraphDestroy(graph));
    return status;
}

static enum status launch(const struct engines *engines, struct engine *engine) {
    enum status status = STATUS_OK;
    if (!engine->captured)
        TRY(capture(engines, engine));
    CUDA_TRY(cudaGraphLaunch(engine->captured, conv_library_stream(engines->library)));
out:
    return status;
}

enum status engine_rehearse(const struct engines *engines, struct engine *engine) {
    enum status status;
    engine->has_run = true;
    TRY(network_forward(engine->network));
    TRY(launch(engines, engine));
out:
    return status;
}

/* The first time as it is, since libraries still set themselves up then; the second time captured;
 * from then on the captured graph in one launch. Where the device's memory does not suffice for
 * that, as it is again. */
enum status engine_forward(const struct engines *engines, struct engine *engine) {
    enum status status = STATUS_OK;
    bool first = !engine->has_run;
    engine->has_run = true;
    if (!first)
        status = launch(engines, engine);
    return first || status_is_for(REASON_MEMORY, status) ? network_forward(engine->network)
                                                         : status;
}
