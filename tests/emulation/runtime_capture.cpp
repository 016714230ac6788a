/* Work of a stream captured into a graph. */
#include <cuda_emulation.h>

#include "emulated_runtime.h"
#include "runtime.h"

cudaError_t capture_forbids(void) {
    cudaError_t error = cudaSuccess;
    for (const auto &[id, stream] : runtime.streams) {
        struct capture *capture = stream->capture.get();
        if (!capture || (capture->mode == cudaStreamCaptureModeThreadLocal &&
                         capture->thread != std::this_thread::get_id()))
            continue;
        capture->broken = true;
        error = cudaErrorStreamCaptureUnsupported;
    }
    return error;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
    struct call call(__func__);
    CUstream_st *found = stream_of(stream);
    if (call.error)
        return call.result(call.error);
    if (found->legacy || found->capture)
        return call.result(cudaErrorStreamCaptureUnsupported);
    found->capture =
        std::make_unique<capture>(capture{mode, std::this_thread::get_id(), false, {}});
    return cudaSuccess;
}

/* Ends the capture also where it fails. */
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *out) {
    struct call call(__func__);
    CUstream_st *found = stream_of(stream);
    *out = NULL;
    if (!found->capture)
        return call.result(cudaErrorInvalidValue);
    std::unique_ptr<struct capture> capture = std::move(found->capture);
    if (call.error || capture->broken)
        return call.result(call.error ? call.error : cudaErrorStreamCaptureInvalidated);
    *out = new CUgraph_st{capture->work};
    runtime.graphs.insert(*out);
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *out, cudaGraph_t graph,
                                          unsigned long long flags) {
    struct call call(__func__);
    (void)flags;
    if (call.error)
        return call.result(call.error);
    if (!runtime.graphs.count(graph))
        runtime_die("%s of no graph", __func__);
    *out = new CUgraphExec_st{graph->work};
    runtime.execs.insert(*out);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
    struct call call(__func__);
    if (call.error)
        return call.result(call.error);
    if (!runtime.execs.count(exec))
        runtime_die("%s of no graph", __func__);
    return call.result(stream_enqueue(stream_of(stream), exec->work));
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    struct call call(__func__, true);
    if (!runtime.graphs.erase(graph))
        runtime_die("%s of no graph", __func__);
    delete graph;
    return call.result(call.error);
}

static bool is_enqueued(const CUgraphExec_st *exec) {
    for (const auto &[id, stream] : runtime.streams)
        for (const struct operation &operation : stream->queue)
            if (!exec->work.empty() && !operation.work.empty() &&
                operation.work.front() == exec->work.front())
                return true;
    return false;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
    struct call call(__func__, true);
    if (!runtime.execs.count(exec))
        runtime_die("%s of no graph", __func__);
    if (is_enqueued(exec))
        runtime_die("%s with a launch enqueued", __func__);
    runtime.execs.erase(exec);
    delete exec;
    return call.result(call.error);
}
