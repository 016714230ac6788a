/* Steps that run one oneDNN primitive. */
#include <omp.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/layer.h"

struct primitive_args {
    const struct op *op;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    int threads;
    int n;
    dnnl_exec_arg_t args[LAYER_OPERANDS + 1];
    bool owned[LAYER_OPERANDS + 1];
};

static enum status run_primitive(const struct plan *plan, const void *step_args) {
    (void)plan;
    const struct primitive_args *args = step_args;
    enum status status;
    int threads = omp_get_max_threads();
    omp_set_num_threads(args->threads);
    TRY(DNNL(dnnl_primitive_execute(args->primitive, args->stream, args->n, args->args)));
    TRY(DNNL(dnnl_stream_wait(args->stream)));
out:
    omp_set_num_threads(threads);
    if (status != STATUS_OK)
        status_prefix(status, "operator %.200s, node '%.200s': ", args->op->type_name,
                      args->op->name);
    return status;
}

static void release_primitive(void *step_args) {
    struct primitive_args *args = step_args;
    for (int i = 0; i < args->n; i++)
        if (args->owned[i])
            dnnl_memory_destroy(args->args[i].memory);
    if (args->primitive)
        dnnl_primitive_destroy(args->primitive);
    free(args);
}

/* Adds an argument with memory of its descriptor, and lets it point to the buffer. */
static enum status add_buffer(struct plan *plan, struct primitive_args *args, int arg,
                              const struct descriptor *descriptor, size_t buffer) {
    enum status status;
    dnnl_memory_t memory;
    TRY(memory_make(plan->runtime->engine, descriptor, DNNL_MEMORY_NONE, &memory));
    args->owned[args->n] = true;
    args->args[args->n++] = (dnnl_exec_arg_t){arg, memory};
    TRY(plan_bind(plan, memory, buffer));
out:
    return status;
}

enum status layer_primitive(struct plan *plan, const struct op *op,
                            const_dnnl_primitive_desc_t primitive_desc,
                            const struct operand *operands, size_t n) {
    enum status status;
    struct primitive_args *args;
    struct descriptor descriptor = {0};
    TRY(memory_zeroed(1, sizeof *args, &args));
    TRY(plan_step(plan, "oneDNN", run_primitive, args, release_primitive));
    args->op = op;
    args->stream = plan->runtime->stream;
    args->threads = omp_get_max_threads();
    TRY(DNNL(dnnl_primitive_create(&args->primitive, primitive_desc)));
    for (size_t i = 0; i < n; i++) {
        if (operands[i].shared) {
            args->args[args->n++] = (dnnl_exec_arg_t){operands[i].arg, operands[i].shared};
            continue;
        }
        TRY(descriptor_query(primitive_desc, operands[i].arg, &descriptor));
        TRY(add_buffer(plan, args, operands[i].arg, &descriptor, operands[i].buffer));
        descriptor_free(&descriptor);
    }
    TRY(descriptor_query(primitive_desc, DNNL_ARG_SCRATCHPAD, &descriptor));
    if (descriptor_bytes(&descriptor)) {
        size_t scratch;
        TRY(plan_scratch(plan, descriptor_bytes(&descriptor), &scratch));
        TRY(add_buffer(plan, args, DNNL_ARG_SCRATCHPAD, &descriptor, scratch));
    }
out:
    descriptor_free(&descriptor);
    return status;
}
