/* cuDNN's engines for one operation graph: found, finalised, saved as text, run. */
#include <stdlib.h>
#include <string.h>

#include "cuda/conv_library.h"
#include "cuda/cudnn_check.h"

/* Most proposals of a heuristic that are looked at. */
enum { PROPOSALS = 24, ALIGNMENT = 256 };

/* What an engine must not do: give other results from run to run, keep sums in less than fp32,
 * transform the input (Winograd, FFT: errors beyond rounding); in fp32 mode also round the input to
 * TF32 or fp16 on its way. */
static bool note_allowed(cudnnBackendNumericalNote_t note, enum element element) {
    switch (note) {
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
    case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
        return element == ELEMENT_F16;
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
    case CUDNN_NUMERICAL_NOTE_FFT:
    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
        return false;
    case CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP:
        return true;
    case CUDNN_NUMERICAL_NOTE_TYPE_COUNT:
        break;
    }
    return false;
}

static bool config_allowed(cudnnBackendDescriptor_t config, enum element element) {
    cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    cudnnBackendDescriptor_t engine = NULL;
    int64_t count = 0;
    bool allowed = false;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine) !=
        CUDNN_STATUS_SUCCESS)
        return false;
    if (cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                 1, &count, &engine) == CUDNN_STATUS_SUCCESS &&
        cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                 CUDNN_TYPE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &count,
                                 notes) == CUDNN_STATUS_SUCCESS) {
        allowed = count <= CUDNN_NUMERICAL_NOTE_TYPE_COUNT;
        for (int64_t i = 0; allowed && i < count; i++)
            allowed = note_allowed(notes[i], element);
    }
    (void)cudnnBackendDestroyDescriptor(engine);
    return allowed;
}

static bool workspace_of(cudnnBackendDescriptor_t plan, size_t *bytes) {
    int64_t count = 0;
    int64_t size = -1;
    if (cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64,
                                 1, &count, &size) != CUDNN_STATUS_SUCCESS ||
        size < 0 || (uint64_t)size > CONV_WORKSPACE_LIMIT)
        return false;
    *bytes = (size_t)size;
    return true;
}

/* Takes the configuration over where it becomes a plan. */
static bool finalize_plan(cudnnHandle_t handle, cudnnBackendDescriptor_t config,
                          const struct conv_way *way, struct conv_engine *out) {
    cudnnBackendDescriptor_t plan = NULL;
    size_t workspace = 0;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &plan) !=
        CUDNN_STATUS_SUCCESS)
        return false;
    if (cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1,
                                 &handle) != CUDNN_STATUS_SUCCESS ||
        cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                 &config) != CUDNN_STATUS_SUCCESS ||
        cudnnBackendFinalize(plan) != CUDNN_STATUS_SUCCESS || !workspace_of(plan, &workspace)) {
        (void)cudnnBackendDestroyDescriptor(plan);
        return false;
    }
    *out = (struct conv_engine){
        .way = *way, .handle = handle, .config = config, .plan = plan, .workspace = workspace};
    return true;
}

/* The proposals of a heuristic, in its order; returns how many. */
static size_t propose(cudnnBackendDescriptor_t graph, cudnnBackendHeurMode_t mode,
                      cudnnBackendDescriptor_t configs[PROPOSALS]) {
    cudnnBackendDescriptor_t heuristic = NULL;
    int64_t count = 0;
    size_t n = 0;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, &heuristic) !=
        CUDNN_STATUS_SUCCESS)
        return 0;
    if (cudnnBackendSetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                 &graph) != CUDNN_STATUS_SUCCESS ||
        cudnnBackendSetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1,
                                 &mode) != CUDNN_STATUS_SUCCESS ||
        cudnnBackendFinalize(heuristic) != CUDNN_STATUS_SUCCESS)
        goto out;
    /* cuDNN fills descriptors that are there already. */
    while (n < PROPOSALS && cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR,
                                                         &configs[n]) == CUDNN_STATUS_SUCCESS)
        n++;
    if (cudnnBackendGetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, (int64_t)n, &count,
                                 configs) != CUDNN_STATUS_SUCCESS ||
        count < 0)
        count = 0;
    while (n > (size_t)count)
        (void)cudnnBackendDestroyDescriptor(configs[--n]);
out:
    (void)cudnnBackendDestroyDescriptor(heuristic);
    return n;
}

size_t conv_engines_find(cudnnHandle_t handle, const struct conv_shape *shape,
                         const struct conv_way *way, struct conv_engine *engines, size_t limit) {
    static const cudnnBackendHeurMode_t modes[] = {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_B,
                                                   CUDNN_HEUR_MODE_FALLBACK};
    /* The next heuristic is asked where those before it gave fewer than this. */
    static const size_t enough[] = {4, 4, 1};
    struct conv_graph graph;
    size_t found = 0;
    if (conv_graph_make(handle, shape, way, &graph) != CUDNN_STATUS_SUCCESS)
        goto out;
    for (size_t m = 0; m < sizeof modes / sizeof *modes && found < enough[m]; m++) {
        cudnnBackendDescriptor_t configs[PROPOSALS];
        size_t n = propose(graph.graph, modes[m], configs);
        for (size_t i = 0; i < n; i++) {
            if (found < limit && config_allowed(configs[i], shape->element) &&
                finalize_plan(handle, configs[i], way, &engines[found]))
                found++;
            else
                (void)cudnnBackendDestroyDescriptor(configs[i]);
        }
    }
out:
    conv_graph_free(&graph);
    return found;
}

bool conv_engine_load(cudnnHandle_t handle, const char *text, const struct conv_way *way,
                      struct conv_engine *out) {
    cudnnBackendDescriptor_t plan = NULL;
    size_t workspace = 0;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &plan) !=
        CUDNN_STATUS_SUCCESS)
        return false;
    if (cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1,
                                 &handle) != CUDNN_STATUS_SUCCESS ||
        cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION,
                                 CUDNN_TYPE_CHAR, (int64_t)strlen(text),
                                 text) != CUDNN_STATUS_SUCCESS ||
        cudnnBackendFinalize(plan) != CUDNN_STATUS_SUCCESS || !workspace_of(plan, &workspace)) {
        (void)cudnnBackendDestroyDescriptor(plan);
        return false;
    }
    *out =
        (struct conv_engine){.way = *way, .handle = handle, .plan = plan, .workspace = workspace};
    return true;
}

char *conv_engine_text(const struct conv_engine *engine) {
    int64_t size = 0;
    char *text = NULL;
    if (cudnnBackendGetAttribute(engine->plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION,
                                 CUDNN_TYPE_CHAR, 0, &size, NULL) != CUDNN_STATUS_SUCCESS ||
        size < 1)
        return NULL;
    text = calloc((size_t)size + 1, 1);
    if (text &&
        cudnnBackendGetAttribute(engine->plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION,
                                 CUDNN_TYPE_CHAR, size, &size, text) != CUDNN_STATUS_SUCCESS) {
        free(text);
        text = NULL;
    }
    return text;
}

void conv_engine_free(struct conv_engine *engine) {
    if (engine->plan)
        (void)cudnnBackendDestroyDescriptor(engine->plan);
    if (engine->config)
        (void)cudnnBackendDestroyDescriptor(engine->config);
    *engine = (struct conv_engine){0};
}

/* A map of its own in scratch memory. */
static struct map packed_map(const struct map *map, char *memory) {
    struct map packed = *map;
    packed.data = memory;
    packed.pitch = map->channels;
    return packed;
}

static size_t padded(size_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Where the copies of input, output and residual begin after cuDNN's own workspace, and where they
 * end. */
struct scratch {
    size_t src, dst, residual, end;
};
static struct scratch scratch_of(const struct conv_shape *shape, const struct conv_engine *engine) {
    size_t element = element_size(shape->element);
    size_t in = shape->n * shape->height * shape->width * shape->in_channels * element;
    size_t out = shape->n * conv_out_size(shape->height, &shape->window, 0) *
                 conv_out_size(shape->width, &shape->window, 1) * shape->out_channels * element;
    struct scratch scratch = {.src = padded(engine->workspace)};
    bool copies = engine->way.packed;
    scratch.dst = scratch.src + (copies ? padded(in) : 0);
    scratch.residual = scratch.dst + (copies ? padded(out) : 0);
    scratch.end = scratch.residual + (copies && shape->residual_pitch ? padded(out) : 0);
    return scratch;
}

size_t conv_engine_bytes(const struct conv_shape *shape, const struct conv_engine *engine) {
    return scratch_of(shape, engine).end;
}

static enum status execute(const struct conv_engine *engine, void *workspace, size_t n,
                           const int64_t *uids, void *const *pointers) {
    enum status status = STATUS_OK;
    cudnnBackendDescriptor_t pack = NULL;
    TRY(CUDNN(cudnnBackendCreateDescriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, &pack)));
    TRY(CUDNN(cudnnBackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64,
                                       (int64_t)n, uids)));
    TRY(CUDNN(cudnnBackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
                                       CUDNN_TYPE_VOID_PTR, (int64_t)n, pointers)));
    TRY(CUDNN(cudnnBackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR,
                                       1, &workspace)));
    TRY(CUDNN(cudnnBackendFinalize(pack)));
    TRY(CUDNN(cudnnBackendExecute(engine->handle, engine->plan, pack)));
out:
    if (pack)
        (void)cudnnBackendDestroyDescriptor(pack);
    return status;
}

enum status conv_engine_run(const struct conv_shape *shape, const struct conv_engine *engine,
                            cudaStream_t stream, void *workspace, const struct map *src,
                            const void *weights, const float *bias, const struct map *residual,
                            const struct map *dst) {
    enum status status = STATUS_OK;
    struct scratch scratch = scratch_of(shape, engine);
    bool fused = engine->way.form == CONV_FUSED;
    struct map x = *src;
    struct map y = *dst;
    struct map r = residual ? *residual : (struct map){0};
    int64_t uids[5] = {CONV_UID_X, CONV_UID_W, CONV_UID_Y};
    void *pointers[5];
    size_t n = 3;
    if (engine->way.packed) {
        x = packed_map(src, (char *)workspace + scratch.src);
        y = packed_map(dst, (char *)workspace + scratch.dst);
        TRY(kernel_copy(src, &x, stream));
        if (fused && residual) {
            r = packed_map(residual, (char *)workspace + scratch.residual);
            TRY(kernel_copy(residual, &r, stream));
        }
    }
    pointers[0] = x.data;
    /* cuDNN's list of pointers is not const; it reads weights and bias only. */
    memcpy(&pointers[1], &weights, sizeof weights);
    pointers[2] = y.data;
    if (fused && bias) {
        uids[n] = CONV_UID_BIAS;
        memcpy(&pointers[n++], &bias, sizeof bias);
    }
    if (fused && residual) {
        uids[n] = CONV_UID_RESIDUAL;
        pointers[n++] = r.data;
    }
    TRY(execute(engine, workspace, n, uids, pointers));
    if (!fused && conv_has_epilogue(shape))
        TRY(kernel_bias_activation(&y, bias, residual, &shape->epilogue, dst, stream));
    else if (engine->way.packed)
        TRY(kernel_copy(&y, dst, stream));
out:
    return status;
}
