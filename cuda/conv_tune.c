/* Which candidate is fastest: each is run on the stream and timed by the device's clock. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cuda/check.h"
#include "cuda/conv_library.h"
#include "cuda/elements/lanes.h"
#include "cuda/memory.h"

enum { WARM_UPS = 3, RUNS = 9, PATTERN = 1 << 16 /* elements */ };

/* What the candidates run on. */
struct bench {
    struct conv_library *library;
    cudaEvent_t starts[RUNS], ends[RUNS];
    size_t src_bytes, weights_bytes, bias_bytes, residual_bytes, dst_bytes;
    void *src, *weights, *residual, *dst;
    float *bias;
    bool filled;
    enum element filled_with;
};

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static bool is_pending(const struct conv_plan *plan) {
    return !plan->built && !plan->engine.plan;
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

static void measure_needs(struct bench *bench, const struct conv_shape *shape, size_t *workspace,
                          const struct conv_plan *plan) {
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
    for (size_t i = 0; i < plan->n_candidates; i++)
        *workspace = larger(*workspace, conv_engine_bytes(shape, &plan->candidates[i]));
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
    size_t workspace = 0;
    *bench = (struct bench){.library = library};
    for (size_t i = 0; i < library->n_plans; i++)
        if (is_pending(library->plans[i]))
            measure_needs(bench, &library->plans[i]->shape, &workspace, library->plans[i]);
    TRY(device_alloc(bench->src_bytes, &bench->src));
    TRY(device_alloc(bench->weights_bytes, &bench->weights));
    TRY(device_alloc(bench->bias_bytes, (void **)&bench->bias));
    TRY(device_alloc(bench->residual_bytes, &bench->residual));
    TRY(device_alloc(bench->dst_bytes, &bench->dst));
    TRY(conv_library_reserve(library, workspace));
    for (size_t i = 0; i < RUNS; i++) {
        CUDA_TRY(cudaEventCreate(&bench->starts[i]));
        CUDA_TRY(cudaEventCreate(&bench->ends[i]));
    }
out:
    return status;
}

static void bench_free(struct bench *bench) {
    for (size_t i = 0; i < RUNS; i++) {
        if (bench->starts[i])
            (void)cudaEventDestroy(bench->starts[i]);
        if (bench->ends[i])
            (void)cudaEventDestroy(bench->ends[i]);
    }
    device_free(bench->src);
    device_free(bench->weights);
    device_free(bench->bias);
    device_free(bench->residual);
    device_free(bench->dst);
}

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

static enum status time_candidate(struct bench *bench, const struct conv_shape *shape,
                                  struct conv_engine *engine) {
    enum status status = STATUS_OK;
    struct conv_library *library = bench->library;
    struct map src = input_map(shape, bench->src);
    struct map dst = output_map(shape, shape->out_pitch, bench->dst);
    struct map residual = output_map(shape, shape->residual_pitch, bench->residual);
    void *workspace = library->workspaces[library->n_workspaces - 1];
    float times[RUNS];
    for (size_t i = 0; i < WARM_UPS + RUNS; i++) {
        size_t run = i - WARM_UPS;
        if (i >= WARM_UPS)
            CUDA_TRY(cudaEventRecord(bench->starts[run], library->stream));
        TRY(conv_engine_run(shape, engine, library->stream, workspace, &src, bench->weights,
                            shape->has_bias ? bench->bias : NULL,
                            shape->residual_pitch ? &residual : NULL, &dst));
        if (i >= WARM_UPS)
            CUDA_TRY(cudaEventRecord(bench->ends[run], library->stream));
    }
    CUDA_TRY(cudaStreamSynchronize(library->stream));
    for (size_t i = 0; i < RUNS; i++)
        CUDA_TRY(cudaEventElapsedTime(&times[i], bench->starts[i], bench->ends[i]));
    qsort(times, RUNS, sizeof *times, compare_floats);
    engine->milliseconds = times[RUNS / 2];
out:
    return status;
}

static enum status choose(struct bench *bench, struct conv_plan *plan) {
    enum status status = STATUS_OK;
    size_t best = plan->n_candidates;
    char reason[512] = "cuDNN has no engine for it";
    TRY(fill(bench, plan->shape.element));
    for (size_t i = 0; i < plan->n_candidates; i++) {
        struct conv_engine *engine = &plan->candidates[i];
        if (time_candidate(bench, &plan->shape, engine) != STATUS_OK) {
            /* Not an engine for this device; the next may be. */
            (void)cudaGetLastError();
            (void)snprintf(reason, sizeof reason, "%s", status_message());
            continue;
        }
        if (best == plan->n_candidates ||
            engine->milliseconds < plan->candidates[best].milliseconds)
            best = i;
    }
    if (best == plan->n_candidates) {
        status = FAIL(STATUS_FAILED, "convolution %s: %s", plan->key.data, reason);
        goto out;
    }
    plan->engine = plan->candidates[best];
    plan->candidates[best] = (struct conv_engine){0};
out:
    for (size_t i = 0; i < plan->n_candidates; i++)
        conv_engine_free(&plan->candidates[i]);
    plan->n_candidates = 0;
    return status;
}

enum status conv_candidates_time(struct conv_library *library) {
    enum status status = STATUS_OK;
    struct bench bench;
    bool pending = false;
    for (size_t i = 0; i < library->n_plans; i++)
        pending = pending || is_pending(library->plans[i]);
    if (!pending)
        return STATUS_OK;
    TRY(bench_make(&bench, library));
    for (size_t i = 0; i < library->n_plans; i++)
        if (is_pending(library->plans[i]))
            TRY(choose(&bench, library->plans[i]));
out:
    bench_free(&bench);
    return status;
}
