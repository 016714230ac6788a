/* The library of convolutions on one device: what is wanted, built and run. */
#include "cuda/conv/conv.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cuda/check.h"
#include "cuda/conv/conv_choices.h"
#include "cuda/conv/conv_library.h"
#include "cuda/conv/cudnn_check.h"
#include "cuda/memory.h"

static enum status describe_device(struct conv_library *library) {
    enum status status;
    struct text text = {0};
    CUDA_TRY(cudaGetDevice(&library->device));
    TRY(conv_choices_kind(&text));
    TRY(memory_string(text.data, &library->device_text));
out:
    text_free(&text);
    return status;
}

/* VERIFY_CUDNN_CANDIDATES: fewer for a short start. */
static size_t candidates_wanted(void) {
    const char *text = getenv("VERIFY_CUDNN_CANDIDATES");
    unsigned long wanted = text ? strtoul(text, NULL, 10) : 0;
    return wanted >= 1 && wanted <= CONV_CANDIDATES ? wanted : CONV_CANDIDATES;
}

enum status conv_library_make(struct conv_library **out) {
    enum status status = STATUS_OK;
    struct conv_library *library = NULL;
    cudnnHandle_t handle = NULL;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *library, &library));
    library->most_candidates = candidates_wanted();
    TRY(describe_device(library));
    CUDA_TRY(cudaStreamCreateWithFlags(&library->stream, cudaStreamNonBlocking));
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

static void build_free(struct conv_plan *plan) {
    struct conv_build *build = plan->build;
    if (!build)
        return;
    for (size_t i = 0; i < build->n_candidates; i++)
        conv_engine_free(&build->candidates[i]);
    conv_engine_free(&build->engine);
    free(build);
    plan->build = NULL;
}

void conv_library_free(struct conv_library *library) {
    if (!library)
        return;
    if (library->stream)
        cuda_forget(cudaStreamSynchronize(library->stream));
    for (size_t i = 0; i < library->plans.n; i++)
        build_free(library->plans.items[i]);
    conv_plans_free(&library->plans);
    weight_store_free(&library->weights);
    conv_cache_free(&library->choices);
    for (size_t i = 0; i < library->n_workspaces; i++)
        device_free(library->workspaces[i]);
    free(library->workspaces);
    while (library->n_handles)
        (void)cudnnDestroy(library->handles[--library->n_handles]);
    if (library->stream)
        cuda_forget(cudaStreamDestroy(library->stream));
    text_free(&library->note);
    free(library->device_text);
    free(library);
}

stream_handle conv_library_stream(const struct conv_library *library) {
    return library->stream;
}

enum status conv_library_want(struct conv_library *library, const struct conv_shape *shape,
                              struct conv_plan **out) {
    enum status status;
    TRY(conv_plans_want(&library->plans, shape, out));
    if (!(*out)->build)
        TRY(memory_zeroed(1, sizeof *(*out)->build, &(*out)->build));
out:
    return status;
}

/* Makes the workspace at least this large. */
static enum status reserve_workspace(struct conv_library *library, size_t bytes) {
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

/* cuDNN compiles some of its engines by NVRTC, which it opens when it comes to that, and does
 * without them where it cannot. What is opened here stays, for cuDNN. */
static void note_compiler(struct conv_library *library) {
    char name[32];
    (void)snprintf(name, sizeof name, "libnvrtc.so.%d%s", CUDART_VERSION / 1000,
                   CUDART_VERSION < 12000 ? ".2" : "");
    void *compiler = dlopen(name, RTLD_LAZY | RTLD_NODELETE);
    if (compiler)
        (void)dlclose(compiler);
    else
        text_format(&library->note,
                    "without %s, which is neither in LD_LIBRARY_PATH nor in the system's folders, "
                    "cuDNN has fewer ways to compute convolutions; ",
                    name);
}

static void note_ways(struct conv_library *library) {
    size_t packed = 0;
    size_t forced = 0;
    for (size_t i = 0; i < library->plans.n; i++) {
        packed += library->plans.items[i]->build->engine.way.packed;
        forced += library->plans.items[i]->build->engine.way.forced;
    }
    if (forced)
        text_format(&library->note,
                    "cuDNN does not fuse %zu of %zu kinds of convolution with what follows them; ",
                    forced, library->plans.n);
    if (packed)
        text_format(&library->note,
                    "cuDNN takes %zu of %zu kinds of convolution only with copied maps; ", packed,
                    library->plans.n);
    /* The separator of the last. */
    if (library->note.length >= 2) {
        library->note.length -= 2;
        library->note.data[library->note.length] = '\0';
    }
}

void conv_library_forget(struct conv_library *library) {
    for (size_t i = 0; i < library->plans.n; i++)
        if (!library->plans.items[i]->built)
            build_free(library->plans.items[i]);
    conv_plans_forget(&library->plans);
}

static bool is_pending(const struct conv_library *library) {
    for (size_t i = 0; i < library->plans.n; i++)
        if (!library->plans.items[i]->built)
            return true;
    return false;
}

/* Workspace for the largest of all engines. */
static enum status reserve_workspaces(struct conv_library *library) {
    size_t bytes = 0;
    for (size_t i = 0; i < library->plans.n; i++) {
        const struct conv_plan *plan = library->plans.items[i];
        size_t needed = conv_engine_bytes(&plan->shape, &plan->build->engine);
        bytes = needed > bytes ? needed : bytes;
    }
    return reserve_workspace(library, bytes);
}

enum status conv_library_build(struct conv_library *library) {
    enum status status;
    struct conv_file file;
    if (!is_pending(library))
        return STATUS_OK;
    text_clear(&library->note);
    TRY(conv_file_open(library, &file));
    TRY(conv_engines_choose(library));
    TRY(reserve_workspaces(library));
    TRY(conv_file_keep(library, &file));
    for (size_t i = 0; i < library->plans.n; i++)
        library->plans.items[i]->built = true;
    note_compiler(library);
    note_ways(library);
out:
    if (status != STATUS_OK)
        conv_library_forget(library);
    conv_file_close(&file);
    return status;
}

const char *conv_library_note(const struct conv_library *library) {
    return library->note.length ? library->note.data : NULL;
}

struct weight_store *conv_library_weights(struct conv_library *library) {
    return &library->weights;
}

enum status conv_run(struct conv_library *library, const struct conv_plan *plan,
                     const struct conv_operands *operands) {
    enum status status = STATUS_OK;
    TRY(conv_plan_check(plan, operands));
    TRY(conv_engine_run(&plan->shape, &plan->build->engine, library->stream,
                        library->workspaces[library->n_workspaces - 1], operands));
out:
    return status;
}
