/* Which candidate is fastest: each is captured into a CUDA graph, as forwards are, and the graph is
 * timed by the device's clock. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cuda/check.h"
#include "cuda/conv/conv_library.h"
#include "cuda/elements/lanes.h"
#include "cuda/memory.h"

enum {
    RUNS = 5,          /* of a candidate in its graph, so that the launch counts little */
    LAUNCHES = 5,      /* of the graph, timed, after one that is not */
    PATTERN = 1 << 16, /* elements */
};

/* What the candidates run on. */
struct bench {
    struct conv_library *library;
    cudaEvent_t start, end;
    size_t src_bytes, weights_bytes, bias_bytes, residual_bytes, dst_bytes, workspace_bytes;
    void *src, *weights, *residual, *dst, *workspace;
    float *bias;
    bool filled;
    enum element filled_with;
};

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static struct map input_map(const struct conv_shape *shape, void *data) {
    return (struct map){data,         shape->element,     shape->n,       shape->height,
                        shape->width, shape->in_channels, shape->in_pitch};
}

static struct map output_map(const struct conv_shape *shape, size_t pitch, void *data) {
    return (struct map){data,
                        shape->element,
                        shape->n,
                        conv_out_size(shape->height, &shape->window, 0),
                        conv_out_size(shape->width, &shape->window, 1),
                        shape->out_channels,
                        pitch};
}

static size_t map_bytes(const struct map *map) {
    return map->n * map->height * map->width * map->pitch * element_size(map->element);
}

static size_t most_workspace(const struct conv_plan *plan) {
    size_t bytes = 0;
    for (size_t i = 0; i < plan->build->n_candidates; i++)
        bytes = larger(bytes, conv_engine_bytes(&plan->shape, &plan->build->candidates[i]));
    return bytes;
}

static void measure_needs(struct bench *bench, const struct conv_plan *plan) {
    const struct conv_shape *shape = &plan->shape;
    struct map src = input_map(shape, NULL);
    struct map dst = output_map(shape, shape->out_pitch, NULL);
    struct map residual = output_map(shape, shape->residual_pitch, NULL);
    size_t taps = (size_t)(shape->window.kernel[0] * shape->window.kernel[1]);
    size_t weights =
        shape->out_channels * taps * (shape->in_channels / (size_t)shape->window.group);
    bench->src_bytes = larger(bench->src_bytes, map_bytes(&src));
    bench->dst_bytes = larger(bench->dst_bytes, map_bytes(&dst));
    bench->residual_bytes = larger(bench->residual_bytes, map_bytes(&residual));
    bench->weights_bytes = larger(bench->weights_bytes, weights * element_size(shape->element));
    bench->bias_bytes = larger(bench->bias_bytes, shape->out_channels * sizeof(float));
}

/* Repeats the first bytes over the whole. */
static enum status spread(cudaStream_t stream, void *memory, size_t have, size_t bytes) {
    enum status status = STATUS_OK;
    while (have < bytes) {
        size_t more = have < bytes - have ? have : bytes - have;
        CUDA_TRY(
            cudaMemcpyAsync((char *)memory + have, memory, more, cudaMemcpyDeviceToDevice, stream));
        have += more;
    }
out:
    return status;
}

/* Values between -1 and 1: maps of zeros would run faster than real ones. */
static enum status fill(struct bench *bench, enum element element) {
    enum status status = STATUS_OK;
    void *const memories[] = {bench->src, bench->weights, bench->residual};
    const size_t bytes[] = {bench->src_bytes, bench->weights_bytes, bench->residual_bytes};
    char *pattern = NULL;
    uint32_t state = 1;
    if (bench->filled && bench->filled_with == element)
        return STATUS_OK;
    TRY(memory_zeroed(PATTERN, sizeof(float), &pattern));
    for (size_t i = 0; i < PATTERN; i++) {
        state = state * 1664525U + 1013904223U;
        element_store(pattern, element, i, (float)(state >> 8) / 8388608.0f - 1.0f);
    }
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++) {
        size_t first = PATTERN * element_size(element);
        if (first > bytes[i])
            first = bytes[i];
        TRY(device_upload(pattern, first, memories[i]));
        if (first)
            TRY(spread(bench->library->stream, memories[i], first, bytes[i]));
    }
    bench->filled = true;
    bench->filled_with = element;
out:
    free(pattern);
    return status;
}

static enum status bench_make(struct bench *bench, struct conv_library *library) {
    enum status status = STATUS_OK;
    *bench = (struct bench){.library = library};
    for (size_t i = 0; i < library->plans.n; i++)
        if (!library->plans.items[i]->built)
            measure_needs(bench, library->plans.items[i]);
    TRY(device_alloc(bench->src_bytes, &bench->src));
    TRY(device_alloc(bench->weights_bytes, &bench->weights));
    TRY(device_alloc(bench->bias_bytes, (void **)&bench->bias));
    TRY(device_alloc(bench->residual_bytes, &bench->residual));
    TRY(device_alloc(bench->dst_bytes, &bench->dst));
    CUDA_TRY(cudaEventCreate(&bench->start));
    CUDA_TRY(cudaEventCreate(&bench->end));
out:
    return status;
}

static void bench_free(struct bench *bench) {
    cuda_forget(cudaStreamSynchronize(bench->library->stream));
    if (bench->start)
        cuda_forget(cudaEventDestroy(bench->start));
    if (bench->end)
        cuda_forget(cudaEventDestroy(bench->end));
    device_free(bench->src);
    device_free(bench->weights);
    device_free(bench->bias);
    device_free(bench->residual);
    device_free(bench->dst);
    device_free(bench->workspace);
}

/* Makes the workspace large enough for a plan's candidates. */
static enum status reserve_workspace(struct bench *bench, const struct conv_plan *plan) {
    size_t bytes = most_workspace(plan);
    if (bench->workspace && bytes <= bench->workspace_bytes)
        return STATUS_OK;
    device_free(bench->workspace);
    bench->workspace = NULL;
    bench->workspace_bytes = bytes;
    return device_alloc(bytes, &bench->workspace);
}

static enum status enqueue(const struct bench *bench, const struct conv_shape *shape,
                           const struct conv_engine *engine, size_t runs) {
    enum status status = STATUS_OK;
    struct map src = input_map(shape, bench->src);
    struct map dst = output_map(shape, shape->out_pitch, bench->dst);
    struct map residual = output_map(shape, shape->residual_pitch, bench->residual);
    const struct conv_operands operands = {.src = &src,
                                           .weights = bench->weights,
                                           .bias = shape->has_bias ? bench->bias : NULL,
                                           .residual = shape->residual_pitch ? &residual : NULL,
                                           .dst = &dst};
    for (size_t i = 0; i < runs; i++)
        TRY(conv_engine_run(shape, engine, bench->library->stream, bench->workspace, &operands));
out:
    return status;
}

static enum status capture(const struct bench *bench, const struct conv_shape *shape,
                           const struct conv_engine *engine, size_t runs, cudaGraphExec_t *out) {
    enum status status = STATUS_OK;
    cudaStream_t stream = bench->library->stream;
    cudaGraph_t graph = NULL;
    /* Other threads may allocate meanwhile. */
    CUDA_TRY(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    enum status enqueued = enqueue(bench, shape, engine, runs);
    cudaError_t ended = cudaStreamEndCapture(stream, &graph);
    TRY(enqueued);
    TRY(cuda_status(ended, "cudaStreamEndCapture"));
    CUDA_TRY(cudaGraphInstantiateWithFlags(out, graph, 0));
out:
    if (graph)
        cuda_forget(cudaGraphDestroy(graph));
    return status;
}

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Without rivals it is only shown that it runs. */
static enum status time_candidate(const struct bench *bench, const struct conv_shape *shape,
                                  struct conv_engine *engine, bool rivals) {
    enum status status = STATUS_OK;
    cudaStream_t stream = bench->library->stream;
    cudaGraphExec_t graph = NULL;
    float times[LAUNCHES] = {0};
    /* Modules are loaded at their first use, which a capture does not allow. */
    TRY(enqueue(bench, shape, engine, 1));
    CUDA_TRY(cudaStreamSynchronize(stream));
    TRY(capture(bench, shape, engine, rivals ? RUNS : 1, &graph));
    CUDA_TRY(cudaGraphLaunch(graph, stream));
    CUDA_TRY(cudaStreamSynchronize(stream));
    for (size_t i = 0; rivals && i < LAUNCHES; i++) {
        CUDA_TRY(cudaEventRecord(bench->start, stream));
        CUDA_TRY(cudaGraphLaunch(graph, stream));
        CUDA_TRY(cudaEventRecord(bench->end, stream));
        CUDA_TRY(cudaStreamSynchronize(stream));
        CUDA_TRY(cudaEventElapsedTime(&times[i], bench->start, bench->end));
    }
    if (rivals) {
        qsort(times, LAUNCHES, sizeof *times, compare_floats);
        engine->milliseconds = times[LAUNCHES / 2] / RUNS;
    }
out:
    if (status != STATUS_OK)
        cuda_forget(cudaStreamSynchronize(stream));
    if (graph)
        cuda_forget(cudaGraphExecDestroy(graph));
    return status;
}

/* Why a candidate cannot be run; of several, the last one's. */
struct failure {
    char text[512];
    enum status_reason reason;
};

/* Whether other processes can be told of it. */
static bool has_text(const struct conv_engine *engine) {
    char *text = conv_engine_text(engine);
    bool has = text != NULL;
    free(text);
    return has;
}

/* Makes the fastest candidate the plan's engine and releases the others; false where none can be
 * run. */
static bool take_fastest(const struct bench *bench, struct conv_plan *plan,
                         struct failure *failure) {
    struct conv_build *build = plan->build;
    size_t best = build->n_candidates;
    bool fuses = false;
    bool best_counts = false;
    bool rivals = build->n_candidates > 1 && !bench->library->settled;
    for (size_t i = 0; i < build->n_candidates; i++) {
        struct conv_engine *engine = &build->candidates[i];
        if (time_candidate(bench, &plan->shape, engine, rivals) != STATUS_OK) {
            /* Not an engine for this device; the next may be. */
            (void)cudaGetLastError();
            failure->reason = status_reason();
            (void)snprintf(failure->text, sizeof failure->text, "%s", status_message());
            continue;
        }
        fuses = fuses || engine->way.form == CONV_FUSED;
        bool counts = rivals && has_text(engine);
        if (best == build->n_candidates ||
            (counts &&
             (!best_counts || engine->milliseconds < build->candidates[best].milliseconds))) {
            best = i;
            best_counts = counts;
        }
    }
    bool found = best < build->n_candidates;
    if (found) {
        build->engine = build->candidates[best];
        if (build->engine.config) /* else the choice says it */
            build->engine.way.forced = !fuses && conv_form_exists(&plan->shape, CONV_FUSED);
        build->candidates[best] = (struct conv_engine){0};
    }
    for (size_t i = 0; i < build->n_candidates; i++)
        conv_engine_free(&build->candidates[i]);
    build->n_candidates = 0;
    return found;
}

static enum status choose(struct bench *bench, struct conv_plan *plan) {
    enum status status = STATUS_OK;
    struct failure failure = {"cuDNN has no engine for it", REASON_OTHER};
    TRY(fill(bench, plan->shape.element));
    TRY(reserve_workspace(bench, plan));
    bool more = bench->library->most_candidates < CONV_CANDIDATES || bench->library->settled ||
                (plan->build->n_candidates && !plan->build->candidates[0].config);
    if (take_fastest(bench, plan, &failure))
        goto out;
    if (more) {
        conv_candidates_renew(bench->library, plan);
        TRY(reserve_workspace(bench, plan));
        if (take_fastest(bench, plan, &failure))
            goto out;
    }
    status =
        FAIL_FOR(failure.reason, STATUS_FAILED, "convolution %s: %s", plan->key.data, failure.text);
out:
    return status;
}

enum status conv_engines_choose(struct conv_library *library) {
    enum status status = STATUS_OK;
    struct bench bench;
    /* First, since candidates take long to be compiled. */
    TRY(bench_make(&bench, library));
    TRY(conv_candidates_find(library));
    for (size_t i = 0; i < library->plans.n; i++)
        if (!library->plans.items[i]->built)
            TRY(choose(&bench, library->plans.items[i]));
out:
    bench_free(&bench);
    return status;
}
