/* Times of a GPU's work, by events on its stream. */
#include <cuda_runtime_api.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cuda/check.h"
#include "cuda/device.h"
#include "stopwatch.h"

struct stopwatch {
    struct device device;
    cudaStream_t stream; /* the library's */
    cudaGraphExec_t forward;
    size_t marks;
    cudaEvent_t events[];
};

void stopwatch_free(struct stopwatch *stopwatch) {
    if (!stopwatch)
        return;
    for (size_t i = 0; i < stopwatch->marks; i++)
        if (stopwatch->events[i])
            cudaEventDestroy(stopwatch->events[i]);
    if (stopwatch->forward)
        cudaGraphExecDestroy(stopwatch->forward);
    free(stopwatch);
}

enum status stopwatch_make(size_t marks, struct stopwatch **out) {
    enum status status;
    struct stopwatch *stopwatch = NULL;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *stopwatch + marks * sizeof(cudaEvent_t), &stopwatch));
    stopwatch->marks = marks;
    TRY(device_available(NULL, 0));
    TRY(device_bind(0, NULL, 0, &stopwatch->device));
    for (size_t i = 0; i < marks; i++)
        CUDA_TRY(cudaEventCreate(&stopwatch->events[i]));
    *out = stopwatch;
    stopwatch = NULL;
out:
    stopwatch_free(stopwatch);
    return status;
}

const char *stopwatch_device(const struct stopwatch *stopwatch) {
    return stopwatch->device.name;
}

void stopwatch_follow(struct stopwatch *stopwatch, stream_handle stream) {
    stopwatch->stream = stream;
}

enum status stopwatch_mark(struct stopwatch *stopwatch, size_t mark) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaEventRecord(stopwatch->events[mark], stopwatch->stream));
out:
    return status;
}

enum status stopwatch_wait(struct stopwatch *stopwatch) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaStreamSynchronize(stopwatch->stream));
out:
    return status;
}

enum status stopwatch_between(const struct stopwatch *stopwatch, size_t from, size_t to,
                              double *milliseconds) {
    enum status status = STATUS_OK;
    float elapsed = 0.0f;
    CUDA_TRY(cudaEventElapsedTime(&elapsed, stopwatch->events[from], stopwatch->events[to]));
    *milliseconds = elapsed;
out:
    return status;
}

enum status stopwatch_capture(struct stopwatch *stopwatch, struct network *network) {
    enum status status = STATUS_OK, enqueued;
    cudaGraph_t graph = NULL;
    CUDA_TRY(cudaStreamBeginCapture(stopwatch->stream, cudaStreamCaptureModeThreadLocal));
    enqueued = network_forward(network);
    CUDA_TRY(cudaStreamEndCapture(stopwatch->stream, &graph));
    TRY(enqueued);
    CUDA_TRY(cudaGraphInstantiate(&stopwatch->forward, graph, 0));
out:
    if (graph)
        cudaGraphDestroy(graph);
    return status;
}

enum status stopwatch_replay(struct stopwatch *stopwatch) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaGraphLaunch(stopwatch->forward, stopwatch->stream));
out:
    return status;
}
