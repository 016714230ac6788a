/* cuda/conv/conv.h on the emulated device: cuda/conv/conv_host.c, whose functions are renamed
 * host_..., as work of a stream. */
#include "cuda/conv/conv_choices.h"
#include "cuda/conv/conv_plans.h"

#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cuda/check.h"
#include "emulated_runtime.h"
#include "emulation_padding.h"
#include "host_conv.h"

struct conv_library {
    struct host_conv_library *host;
    cudaStream_t stream;
};

enum status conv_library_make(struct conv_library **out) {
    enum status status;
    TRY(memory_zeroed(1, sizeof **out, out));
    TRY(host_conv_library_make(&(*out)->host));
    CUDA_TRY(cudaStreamCreateWithFlags(&(*out)->stream, cudaStreamNonBlocking));
out:
    if (status != STATUS_OK) {
        conv_library_free(*out);
        *out = NULL;
    }
    return status;
}

void conv_library_free(struct conv_library *library) {
    if (!library)
        return;
    host_conv_library_free(library->host);
    if (library->stream) {
        cuda_forget(cudaStreamSynchronize(library->stream));
        cuda_forget(cudaStreamDestroy(library->stream));
    }
    free(library);
}

stream_handle conv_library_stream(const struct conv_library *library) {
    return library->stream;
}

enum status conv_library_want(struct conv_library *library, const struct conv_shape *shape,
                              struct conv_plan **out) {
    return host_conv_library_want(library->host, shape, out);
}

enum status conv_library_build(struct conv_library *library) {
    return host_conv_library_build(library->host);
}

void conv_library_forget(struct conv_library *library) {
    host_conv_library_forget(library->host);
}

const char *conv_library_note(const struct conv_library *library) {
    (void)library;
    return NULL;
}

/* Nothing is chosen. */
enum status conv_choices_kind(struct text *kind) {
    text_string(kind, "plain loops");
    return text_status(kind);
}

enum status conv_choices_take(struct conv_library *library, const char *bytes, size_t length) {
    (void)library, (void)bytes;
    return length ? FAIL(STATUS_FAILED, "choices, where there are none") : STATUS_OK;
}

enum status conv_choices_give(const struct conv_library *library, struct text *bytes) {
    (void)library, (void)bytes;
    return STATUS_OK;
}

void conv_choices_settle(struct conv_library *library) {
    (void)library;
}

struct weight_store *conv_library_weights(struct conv_library *library) {
    return host_conv_library_weights(library->host);
}

struct conv_call {
    struct host_conv_library *library;
    const struct conv_plan *plan;
    struct map src, residual, dst;
    const void *weights;
    const float *bias;
};

static void run(void *args) {
    const struct conv_call *call = args;
    const struct conv_operands operands = {.src = &call->src,
                                           .weights = call->weights,
                                           .bias = call->bias,
                                           .residual = call->residual.data ? &call->residual : NULL,
                                           .dst = &call->dst};
    if (host_conv_run(call->library, call->plan, &operands) != STATUS_OK) {
        fprintf(stderr, "emulation: %s\n", status_message());
        abort();
    }
}

enum status conv_run(struct conv_library *library, const struct conv_plan *plan,
                     const struct conv_operands *operands) {
    enum status status;
    struct conv_call call = {.library = library->host,
                             .plan = plan,
                             .src = *operands->src,
                             .residual = operands->residual ? *operands->residual : (struct map){0},
                             .dst = *operands->dst,
                             .weights = operands->weights,
                             .bias = operands->bias};
    TRY(conv_plan_check(plan, operands));
    EMULATION_CLEAR_PADDING(&call);
    CUDA_TRY(emulated_enqueue("conv_run", run, &call, sizeof call, library->stream));
out:
    return status;
}
