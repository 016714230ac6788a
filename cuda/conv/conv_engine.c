/* cuDNN's execution plans: finalised, saved as text, run. */
#include <stdlib.h>
#include <string.h>

#include "cuda/conv/conv_library.h"
#include "cuda/conv/cudnn_check.h"

enum { ALIGNMENT = 256 };

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

/* An execution plan on which nothing is set but for whom it is; NULL where cuDNN refuses. */
static cudnnBackendDescriptor_t plan_start(const struct conv_target *target) {
    cudnnBackendDescriptor_t plan = NULL;
    cudnnStatus_t status =
        cudnnBackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &plan);
    if (status != CUDNN_STATUS_SUCCESS)
        return NULL;
    if (target->handle)
        status = cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE,
                                          1, &target->handle);
    else
        status = CONV_SET_DEVICE(plan, EXECUTION_PLAN, &target->device);
    if (status == CUDNN_STATUS_SUCCESS)
        return plan;
    (void)cudnnBackendDestroyDescriptor(plan);
    return NULL;
}

/* Releases the plan where it fails. */
static bool plan_end(cudnnBackendDescriptor_t plan, const struct conv_target *target,
                     cudnnBackendDescriptor_t config, const struct conv_way *way,
                     struct conv_engine *out) {
    size_t workspace = 0;
    if (cudnnBackendFinalize(plan) != CUDNN_STATUS_SUCCESS || !workspace_of(plan, &workspace)) {
        (void)cudnnBackendDestroyDescriptor(plan);
        return false;
    }
    *out = (struct conv_engine){.way = *way,
                                .handle = target->handle,
                                .config = config,
                                .plan = plan,
                                .workspace = workspace};
    return true;
}

bool conv_engine_make(const struct conv_target *target, cudnnBackendDescriptor_t config,
                      const struct conv_way *way, struct conv_engine *out) {
    cudnnBackendDescriptor_t plan = plan_start(target);
    if (!plan)
        return false;
    if (cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &config) == CUDNN_STATUS_SUCCESS)
        return plan_end(plan, target, config, way, out);
    (void)cudnnBackendDestroyDescriptor(plan);
    return false;
}

bool conv_engine_load(const struct conv_target *target, const char *text,
                      const struct conv_way *way, struct conv_engine *out) {
    cudnnBackendDescriptor_t plan = plan_start(target);
    if (!plan)
        return false;
    if (cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION,
                                 CUDNN_TYPE_CHAR, (int64_t)strlen(text),
                                 text) == CUDNN_STATUS_SUCCESS)
        return plan_end(plan, target, NULL, way, out);
    (void)cudnnBackendDestroyDescriptor(plan);
    return false;
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
                            cudaStream_t stream, void *workspace,
                            const struct conv_operands *operands) {
    enum status status = STATUS_OK;
    const struct map *src = operands->src, *residual = operands->residual, *dst = operands->dst;
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
    memcpy(&pointers[1], &operands->weights, sizeof operands->weights);
    pointers[2] = y.data;
    if (fused && operands->bias) {
        uids[n] = CONV_UID_BIAS;
        memcpy(&pointers[n++], &operands->bias, sizeof operands->bias);
    }
    if (fused && residual) {
        uids[n] = CONV_UID_RESIDUAL;
        pointers[n++] = r.data;
    }
    TRY(execute(engine, workspace, n, uids, pointers));
    if (!fused && conv_has_epilogue(shape))
        TRY(kernel_bias_activation(&y, operands->bias, residual, &shape->epilogue, dst, stream));
    else if (engine->way.packed)
        TRY(kernel_copy(&y, dst, stream));
out:
    return status;
}
