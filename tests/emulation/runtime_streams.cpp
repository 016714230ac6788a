/* Streams, events, and when what is enqueued is done. */
#include <algorithm>
#include <cuda_emulation.h>
#include <stdlib.h>

#include "emulated_runtime.h"
#include "runtime.h"

static CUstream_st *stream_make(bool blocking, bool legacy) {
    CUstream_st *stream = new CUstream_st{};
    stream->id = ++runtime.n_made;
    stream->device = runtime_device();
    stream->blocking = blocking;
    stream->legacy = legacy;
    runtime.streams[stream->id].reset(stream);
    return stream;
}

CUstream_st *stream_of(cudaStream_t stream) {
    if (stream) {
        auto found = std::find_if(runtime.streams.begin(), runtime.streams.end(),
                                  [=](const auto &entry) { return entry.second.get() == stream; });
        if (found == runtime.streams.end())
            runtime_die("a stream that was never made, or destroyed");
        return stream;
    }
    for (const auto &[id, other] : runtime.streams)
        if (other->legacy && other->device == runtime_device())
            return other.get();
    return stream_make(true, true);
}

struct position stream_tail(const CUstream_st *stream) {
    return {stream->id, stream->done + stream->queue.size()};
}

/* Blocking streams and the legacy stream wait for each other. */
static std::vector<position> implied_waits(const CUstream_st *stream) {
    std::vector<position> after;
    for (const auto &[id, other] : runtime.streams)
        if (stream->blocking && other->blocking && other->device == stream->device &&
            other->legacy != stream->legacy)
            after.push_back(stream_tail(other.get()));
    return after;
}

static void check_uses(const CUstream_st *stream, const struct work &work) {
    for (const auto &[address, at] : runtime.allocations)
        if (!at.pinned && at.device != stream->device &&
            std::count(work.uses.begin(), work.uses.end(), at.id))
            runtime_die("%s uses memory of another device", work.name);
}

cudaError_t stream_enqueue(CUstream_st *stream, const work_list &work) {
    for (const auto &each : work)
        check_uses(stream, *each);
    if (stream->capture)
        stream->capture->work.insert(stream->capture->work.end(), work.begin(), work.end());
    else
        stream->queue.push_back({work, implied_waits(stream)});
    return cudaSuccess;
}

void stream_enqueue_wait(CUstream_st *stream, struct position after) {
    stream->queue.push_back({{}, {after}});
}

static CUstream_st *stream_at(uint64_t id) {
    auto found = runtime.streams.find(id);
    return found == runtime.streams.end() ? NULL : found->second.get();
}

static bool reached(const struct position &position) {
    const CUstream_st *stream = stream_at(position.stream);
    return !stream || stream->done >= position.count;
}

static bool runnable(const CUstream_st *stream) {
    return !stream->queue.empty() && std::all_of(stream->queue.front().after.begin(),
                                                 stream->queue.front().after.end(), reached);
}

static void run_next(CUstream_st *stream) {
    struct operation next = std::move(stream->queue.front());
    stream->queue.pop_front();
    for (const auto &work : next.work) {
        for (uint64_t id : work->uses)
            if (!memory_exists(id))
                runtime_die("%s needs memory that was freed", work->name);
        work->run();
    }
    stream->done++;
}

/* How far each stream must come, so that one comes to a position. */
static void find_needed(struct position wanted, std::map<uint64_t, uint64_t> *needed) {
    const CUstream_st *stream = stream_at(wanted.stream);
    if (!stream || wanted.count <= std::max((*needed)[stream->id], stream->done))
        return;
    uint64_t from = std::max((*needed)[stream->id], stream->done);
    (*needed)[stream->id] = wanted.count;
    for (uint64_t i = from - stream->done; i < wanted.count - stream->done; i++)
        for (const struct position &after : stream->queue[i].after)
            find_needed(after, needed);
}

static CUstream_st *choose(const std::vector<CUstream_st *> &from) {
    switch (emulation_order_wanted()) {
    case ASCENDING:
        return from.front();
    case DESCENDING:
        return from.back();
    case SHUFFLED:
        break;
    }
    return from[runtime_random((unsigned)from.size())];
}

void streams_reach(struct position wanted) {
    std::map<uint64_t, uint64_t> needed;
    find_needed(wanted, &needed);
    struct memory_access access;
    if (runtime.hangs && !reached(wanted))
        runtime_die("a wait for a device that hangs");
    while (!reached(wanted)) {
        std::vector<CUstream_st *> heads;
        for (const auto &[id, count] : needed) {
            CUstream_st *stream = stream_at(id);
            if (stream && stream->done < count && runnable(stream))
                heads.push_back(stream);
        }
        if (heads.empty())
            runtime_die("streams wait for each other");
        run_next(choose(heads));
    }
}

enum { LAZY, HALTING, EAGER, EAGERNESSES, CALLS_BETWEEN = 8 };

static bool works_ahead(CUstream_st *stream, const CUstream_st *first) {
    if (emulation_order_wanted() == DESCENDING)
        return stream != first;
    return stream->eagerness == EAGER || (stream->eagerness == HALTING && runtime_random(2));
}

void streams_work_ahead(void) {
    std::vector<CUstream_st *> streams;
    const CUstream_st *first = NULL;
    enum emulation_order order = emulation_order_wanted();
    if (runtime.hangs || order == ASCENDING || (order == SHUFFLED && runtime_random(CALLS_BETWEEN)))
        return;
    for (const auto &[id, stream] : runtime.streams) {
        first = first || stream->legacy ? first : stream.get();
        if (runtime_random(EAGERNESSES) == 0)
            stream->eagerness = runtime_random(EAGERNESSES);
        if (runnable(stream.get()))
            streams.push_back(stream.get());
    }
    std::reverse(streams.begin(), streams.end());
    std::unique_ptr<memory_access> access;
    for (CUstream_st *stream : streams)
        while (runnable(stream) && works_ahead(stream, first)) {
            if (!access)
                access = std::make_unique<memory_access>();
            run_next(stream);
        }
}

void streams_drop(void) {
    for (const auto &[id, stream] : runtime.streams) {
        stream->done += stream->queue.size();
        stream->queue.clear();
    }
}

const char *streams_need(uint64_t allocation) {
    for (const auto &[id, stream] : runtime.streams)
        for (const struct operation &operation : stream->queue)
            for (const auto &work : operation.work)
                if (std::count(work->uses.begin(), work->uses.end(), allocation))
                    return work->name;
    return NULL;
}

/* A launch on a stream of another device fails. */
static cudaError_t enqueue_launch(CUstream_st *stream, const struct work &work) {
    if (stream->device != runtime_device())
        return cudaErrorInvalidResourceHandle;
    return stream_enqueue(stream, {std::make_shared<const struct work>(work)});
}

static std::shared_ptr<std::vector<max_align_t>> copy_args(const void *args, size_t bytes) {
    auto copy = std::make_shared<std::vector<max_align_t>>(bytes / sizeof(max_align_t) + 1);
    memcpy(copy->data(), args, bytes);
    return copy;
}

void emulation_submit(const struct emulation_kernel *kernel,
                      const struct emulation_arguments *arguments, void *stream) {
    struct call call(kernel->name);
    cudaError_t error = call.error ? call.error : emulation_check(kernel);
    auto copy = copy_args(arguments->data, arguments->bytes);
    struct emulation_kernel launch = *kernel;
    struct work work = {kernel->name, [=] { emulation_run(&launch, copy->data()); }, {}};
    for (const auto &[data, bytes] : arguments->each)
        memory_add_uses(data, bytes, &work.uses);
    if (error == cudaSuccess)
        error = enqueue_launch(stream_of((cudaStream_t)stream), work);
    call.result(error);
}

int emulated_enqueue(const char *name, void (*run)(void *), const void *args, size_t bytes,
                     void *stream) {
    struct call call(name);
    auto copy = copy_args(args, bytes);
    struct work work = {name, [=] { run(copy->data()); }, {}};
    memory_add_uses(args, bytes, &work.uses);
    return call.result(call.error ? call.error
                                  : enqueue_launch(stream_of((cudaStream_t)stream), work));
}

cudaError_t stream_submit(const char *name, std::function<void(void)> run,
                          const std::vector<const void *> &memory, double milliseconds,
                          cudaStream_t stream) {
    struct call call(name);
    struct work work = {name,
                        [=] {
                            run();
                            runtime.clock += milliseconds;
                        },
                        {}};
    memory_add_uses(memory.data(), memory.size() * sizeof(void *), &work.uses);
    return call.result(call.error ? call.error : enqueue_launch(stream_of(stream), work));
}

void stream_check_memory(const char *what, const void *address, size_t bytes) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    (void)memory_range(what, address, bytes);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags) {
    struct call call(__func__);
    if (call.error == cudaSuccess)
        *out = stream_make(flags != cudaStreamNonBlocking, false);
    return call.result(call.error);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    struct call call(__func__, true);
    CUstream_st *found = stream_of(stream);
    if (!found->queue.empty())
        runtime_die("%s with work enqueued", __func__);
    runtime.streams.erase(found->id);
    return call.result(call.error);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    struct call call(__func__);
    CUstream_st *found = stream_of(stream);
    if (found->capture) {
        found->capture->broken = true;
        return call.result(cudaErrorStreamCaptureUnsupported);
    }
    streams_reach(stream_tail(found));
    return call.result(call.error);
}

static CUevent_st *event_of(cudaEvent_t event) {
    if (!runtime.events.count(event))
        runtime_die("an event that was never made, or destroyed");
    return event;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
    struct call call(__func__);
    CUstream_st *found = stream_of(stream);
    (void)flags;
    if (call.error)
        return call.result(call.error);
    if (found->capture)
        runtime_die("%s: not emulated in a capture", __func__);
    if (event_of(event)->recorded.count)
        stream_enqueue_wait(found, event->recorded);
    return cudaSuccess;
}

static cudaError_t make_event(const char *name, cudaEvent_t *out, bool timed) {
    struct call call(name);
    if (call.error == cudaSuccess) {
        *out = new CUevent_st{
            runtime_device(), {0, 0}, false, timed ? std::make_shared<double>(0.0) : NULL};
        runtime.events.insert(*out);
    }
    return call.result(call.error);
}

cudaError_t cudaEventCreate(cudaEvent_t *out) {
    return make_event(__func__, out, true);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags) {
    return make_event(__func__, out, !(flags & cudaEventDisableTiming));
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    struct call call(__func__, true);
    delete event_of(event);
    runtime.events.erase(event);
    return call.result(call.error);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    struct call call(__func__);
    CUstream_st *found = stream_of(stream);
    if (call.error)
        return call.result(call.error);
    if (found->capture)
        runtime_die("%s: not emulated in a capture", __func__);
    if (event_of(event)->device != found->device)
        return call.result(cudaErrorInvalidResourceHandle);
    if (std::shared_ptr<double> milliseconds = event->milliseconds) {
        auto look = std::make_shared<work>(
            work{__func__, [=] { *milliseconds = runtime.clock; }, std::vector<uint64_t>()});
        (void)stream_enqueue(found, {look});
    }
    event->recorded = stream_tail(found);
    event->asked = false;
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end) {
    struct call call(__func__);
    const CUevent_st *from = event_of(start), *to = event_of(end);
    if (call.error)
        return call.result(call.error);
    if (!from->milliseconds || !to->milliseconds || !from->recorded.count || !to->recorded.count)
        return call.result(cudaErrorInvalidResourceHandle);
    if (!reached(from->recorded) || !reached(to->recorded))
        return call.result(cudaErrorNotReady);
    *milliseconds = (float)(*to->milliseconds - *from->milliseconds);
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    struct call call(__func__);
    streams_reach(event_of(event)->recorded);
    return call.result(call.error);
}

/* Whether it is time to hang. */
static bool hangs_now(void) {
    static const char *const variable = getenv("VERIFY_EMULATION_HANG");
    uint64_t after = runtime.hang_after;
    if (!after && variable)
        after = strtoul(variable, NULL, 10);
    return after && runtime.n_questions++ >= after;
}

/* The first answer is no, whatever has happened; who asks on gets what is asked for. */
cudaError_t cudaEventQuery(cudaEvent_t event) {
    struct call call(__func__);
    CUevent_st *found = event_of(event);
    runtime.hangs = runtime.hangs || hangs_now();
    bool asked = found->asked;
    found->asked = true;
    if (call.error)
        return call.result(call.error);
    if (!asked || runtime.hangs)
        return call.result(cudaErrorNotReady);
    streams_reach(found->recorded);
    return cudaSuccess;
}
