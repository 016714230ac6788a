/* The library of convolutions on one device: what is wanted, built and run. */
#include "cuda/conv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cuda/check.h"
#include "cuda/conv_library.h"
#include "cuda/cudnn_check.h"
#include "cuda/memory.h"

static enum status describe_device(struct conv_library *library) {
    enum status status = STATUS_OK;
    struct cudaDeviceProp properties;
    struct text text = {0};
    CUDA_TRY(cudaGetDevice(&library->device));
    CUDA_TRY(cudaGetDeviceProperties(&properties, library->device));
    text_format(&text, "%s, %d.%d, %d multiprocessors, cuDNN %zu, CUDA %d", properties.name,
                properties.major, properties.minor, properties.multiProcessorCount,
                cudnnGetVersion(), CUDART_VERSION);
    TRY(text_status(&text));
    TRY(memory_string(text.data, &library->device_text));
out:
    text_free(&text);
    return status;
}

enum status conv_library_make(stream_handle stream, struct conv_library **out) {
    enum status status = STATUS_OK;
    struct conv_library *library = NULL;
    cudnnHandle_t handle = NULL;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *library, &library));
    library->stream = stream;
    TRY(describe_device(library));
    status = CUDNN(cudnnCreate(&handle));
    if (status != STATUS_OK) {
        status = status_prefix(status, "%s: cuDNN cannot use this GPU: ", library->device_text);
        goto out;
    }
    library->handles[library->n_handles++] = handle;
    TRY(CUDNN(cudnnSetStream(handle, library->stream)));
    *out = library;
    library = NULL;
out:
    conv_library_free(library);
    return status;
}

static void plan_free(struct conv_plan *plan) {
    if (!plan)
        return;
    for (size_t i = 0; i < plan->n_candidates; i++)
        conv_engine_free(&plan->candidates[i]);
    conv_engine_free(&plan->engine);
    text_free(&plan->key);
    free(plan);
}

void conv_library_free(struct conv_library *library) {
    if (!library)
        return;
    for (size_t i = 0; i < library->n_plans; i++)
        plan_free(library->plans[i]);
    free(library->plans);
    for (size_t i = 0; i < library->n_workspaces; i++)
        device_free(library->workspaces[i]);
    free(library->workspaces);
    while (library->n_handles)
        (void)cudnnDestroy(library->handles[--library->n_handles]);
    text_free(&library->note);
    free(library->device_text);
    free(library);
}

enum status conv_library_want(struct conv_library *library, const struct conv_shape *shape,
                              struct conv_plan **out) {
    enum status status = STATUS_OK;
    struct conv_plan *plan = NULL;
    *out = NULL;
    TRY(conv_shape_check(shape));
    TRY(memory_zeroed(1, sizeof *plan, &plan));
    plan->shape = *shape;
    conv_shape_key(shape, &plan->key);
    TRY(text_status(&plan->key));
    for (size_t i = 0; i < library->n_plans; i++)
        if (!strcmp(library->plans[i]->key.data, plan->key.data)) {
            *out = library->plans[i];
            goto out;
        }
    TRY(memory_reserve(&library->plans, &library->plan_capacity, library->n_plans + 1,
                       sizeof(void *)));
    library->plans[library->n_plans++] = plan;
    *out = plan;
    plan = NULL;
out:
    plan_free(plan);
    return status;
}

enum status conv_library_reserve(struct conv_library *library, size_t bytes) {
    enum status status = STATUS_OK;
    void *memory = NULL;
    if (library->n_workspaces && bytes <= library->workspace_bytes)
        return STATUS_OK;
    TRY(memory_reserve(&library->workspaces, &library->workspace_capacity,
                       library->n_workspaces + 1, sizeof *library->workspaces));
    TRY(device_alloc(bytes, &memory));
    library->workspaces[library->n_workspaces++] = memory;
    library->workspace_bytes = bytes;
out:
    return status;
}

/* Saves what was chosen. Only a later start is slower where that fails. */
static enum status save(struct conv_library *library, struct conv_cache *cache, const char *path) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < library->n_plans; i++) {
        const struct conv_plan *plan = library->plans[i];
        /* An engine without a configuration is the file's own. */
        if (plan->built || !plan->engine.config)
            continue;
        char *text = conv_engine_text(&plan->engine);
        if (!text)
            continue;
        status = conv_cache_put(cache, plan->key.data, conv_way_text(&plan->engine.way), text);
        free(text);
        if (status != STATUS_OK)
            return status;
    }
    if (conv_cache_write(cache, path, library->device_text) != STATUS_OK)
        text_format(&library->note, "convolution plans are not kept for the next start: %s; ",
                    status_message());
    return STATUS_OK;
}

static void note_ways(struct conv_library *library) {
    size_t packed = 0;
    for (size_t i = 0; i < library->n_plans; i++)
        packed += library->plans[i]->engine.way.packed;
    if (packed)
        text_format(&library->note,
                    "cuDNN takes %zu of %zu kinds of convolution only with copied maps; ", packed,
                    library->n_plans);
    /* The separator of the last. */
    if (library->note.length >= 2) {
        library->note.length -= 2;
        library->note.data[library->note.length] = '\0';
    }
}

/* What could not be built is no longer wanted. */
static void drop_unbuilt(struct conv_library *library) {
    size_t kept = 0;
    for (size_t i = 0; i < library->n_plans; i++)
        if (library->plans[i]->built)
            library->plans[kept++] = library->plans[i];
        else
            plan_free(library->plans[i]);
    library->n_plans = kept;
}

enum status conv_library_build(struct conv_library *library) {
    enum status status = STATUS_OK;
    struct conv_cache cache = {0};
    char *path = NULL;
    int lock = -1;
    size_t bytes = 0;
    bool pending = false;
    bool chosen = false;
    for (size_t i = 0; i < library->n_plans; i++)
        pending = pending || !library->plans[i]->built;
    if (!pending)
        return STATUS_OK;
    text_clear(&library->note);
    TRY(conv_cache_path(library->device_text, &path));
    if (path) {
        lock = conv_cache_lock(path);
        TRY(conv_cache_read(&cache, path, library->device_text));
    }
    TRY(conv_candidates_find(library, &cache));
    TRY(conv_candidates_time(library));
    for (size_t i = 0; i < library->n_plans; i++) {
        const struct conv_plan *plan = library->plans[i];
        size_t needed = conv_engine_bytes(&plan->shape, &plan->engine);
        bytes = needed > bytes ? needed : bytes;
        chosen = chosen || (!plan->built && plan->engine.config);
    }
    TRY(conv_library_reserve(library, bytes));
    if (path && chosen)
        TRY(save(library, &cache, path));
    for (size_t i = 0; i < library->n_plans; i++)
        library->plans[i]->built = true;
    note_ways(library);
out:
    if (status != STATUS_OK)
        drop_unbuilt(library);
    conv_cache_unlock(lock);
    conv_cache_free(&cache);
    free(path);
    return status;
}

const char *conv_library_note(const struct conv_library *library) {
    return library->note.length ? library->note.data : NULL;
}

enum status conv_run(struct conv_library *library, const struct conv_plan *plan,
                     const struct map *src, const void *weights, const float *bias,
                     const struct map *residual, const struct map *dst) {
    enum status status = STATUS_OK;
    if (!plan->built)
        return FAIL(STATUS_FAILED, "convolution %s was not built", plan->key.data);
    TRY(conv_check_maps(&plan->shape, src, weights, bias, residual, dst));
    TRY(conv_engine_run(&plan->shape, &plan->engine, library->stream,
                        library->workspaces[library->n_workspaces - 1], src, weights, bias,
                        residual, dst));
out:
    return status;
}
