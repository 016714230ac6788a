/* One primitive a step. All of oneDNN is here but for what differs between its versions
 * (dnnl_compat.h). */
#include "cpu/layers/onednn.h"

#include <omp.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/layers/convolution_case.h"
#include "cpu/layers/dnnl_compat.h"
#include "cpu/layers/elements.h"

struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    size_t n_weights, weight_capacity;
    struct weights *weights; /* shared between plans */
};

/* A constant of a convolution, reordered. */
struct weights {
    const struct op *op;
    struct descriptor descriptor;
    dnnl_memory_t memory;
};

static void weights_free(struct weights *weights) {
    if (weights->memory)
        dnnl_memory_destroy(weights->memory);
    descriptor_free(&weights->descriptor);
}

enum status onednn_open(struct onednn **out) {
    enum status status;
    struct onednn *onednn;
    TRY(memory_zeroed(1, sizeof *onednn, &onednn));
    TRY(DNNL(dnnl_engine_create(&onednn->engine, dnnl_cpu, 0)));
    TRY(DNNL(dnnl_stream_create(&onednn->stream, onednn->engine, dnnl_stream_default_flags)));
out:
    if (status != STATUS_OK) {
        onednn_close(onednn);
        onednn = NULL;
    }
    *out = onednn;
    return status;
}

void onednn_close(struct onednn *onednn) {
    if (!onednn)
        return;
    for (size_t i = 0; i < onednn->n_weights; i++)
        weights_free(&onednn->weights[i]);
    free(onednn->weights);
    if (onednn->stream)
        dnnl_stream_destroy(onednn->stream);
    if (onednn->engine)
        dnnl_engine_destroy(onednn->engine);
    free(onednn);
}

/* Elsewhere than on x86 it has fast kernels for planes alone. */
size_t onednn_block(void) {
#if defined(__x86_64__)
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core
               ? 16
               : 8;
#else
    return 1;
#endif
}

/* oneDNN has no argument for the number of threads: it was chosen when it was built what it runs
 * on, mostly OpenMP, and then it takes that one's setting of the calling thread, when a primitive
 * is described and when it runs. So that is set around these calls, here alone, and put back, as
 * the thread is the caller's. Returns the number before. */
static int set_threads(int threads) {
    int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    return before;
}

/* oneDNN computes convolutions of planes as matrix products whose rounding depends on the number of
 * threads; so they get one. */
static int threads_of(const struct plan *plan, const struct op *op) {
    bool pools = op->kind == OP_MAX_POOL || op->kind == OP_AVERAGE_POOL;
    return pools || plan->layouts[op->output] == LAYOUT_BLOCKED ? (int)plan->runtime->threads : 1;
}

/* The op's weights (its input 1, described by `original`) in the layout that `wanted` describes;
 * owned by *onednn. */
static enum status find_weights(struct runtime *runtime, const struct op *op,
                                const struct descriptor *original, const struct descriptor *wanted,
                                dnnl_memory_t *out) {
    enum status status;
    struct onednn *onednn = runtime->onednn;
    dnnl_memory_t source = NULL;
    struct weights entry = {.op = op};
    for (size_t i = 0; i < onednn->n_weights; i++)
        if (onednn->weights[i].op == op &&
            descriptor_equal(&onednn->weights[i].descriptor, wanted)) {
            *out = onednn->weights[i].memory;
            return STATUS_OK;
        }
    TRY(memory_reserve(&onednn->weights, &onednn->weight_capacity, onednn->n_weights + 1,
                       sizeof *onednn->weights));
    TRY(descriptor_clone(wanted, &entry.descriptor));
    TRY(memory_make(onednn->engine, wanted, DNNL_MEMORY_ALLOCATE, &entry.memory));
    TRY(memory_make(onednn->engine, original, runtime->graph->tensors[op->inputs[1]].data,
                    &source));
    TRY(memory_reorder(onednn->engine, onednn->stream, original, source, wanted, entry.memory));
    onednn->weights[onednn->n_weights++] = entry;
    *out = entry.memory;
out:
    if (source)
        dnnl_memory_destroy(source);
    if (status != STATUS_OK)
        weights_free(&entry);
    return status;
}

/* An argument of a primitive: a buffer of the plan or a shared memory object. */
struct operand {
    int arg; /* DNNL_ARG_SRC … */
    size_t buffer;
    dnnl_memory_t shared; /* not NULL: used instead of a buffer, stays its owner's */
};
enum { MOST_OPERANDS = 5 }; /* with scratch memory */

struct primitive_args {
    const struct op *op;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    int threads;
    int n;
    dnnl_exec_arg_t args[MOST_OPERANDS];
    size_t buffers[MOST_OPERANDS]; /* what the argument, owned then, is; NO_BUFFER: shared */
};

/* Lets the memory objects point to the plan's buffers. */
static enum status point_to(const struct plan *plan, const struct primitive_args *args) {
    enum status status = STATUS_OK;
    for (int i = 0; i < args->n; i++) {
        void *current;
        if (args->buffers[i] == NO_BUFFER)
            continue;
        char *data = plan->buffers[args->buffers[i]].data;
        TRY(DNNL(dnnl_memory_get_data_handle(args->args[i].memory, &current)));
        /* Setting it makes oneDNN clear the padding, so it is not done for nothing. */
        if (current != data)
            TRY(DNNL(dnnl_memory_set_data_handle(args->args[i].memory, data)));
    }
out:
    return status;
}

static enum status run_primitive(const struct plan *plan, const void *step_args) {
    const struct primitive_args *args = step_args;
    enum status status;
    int threads = set_threads(args->threads);
    TRY(point_to(plan, args));
    TRY(DNNL(dnnl_primitive_execute(args->primitive, args->stream, args->n, args->args)));
    TRY(DNNL(dnnl_stream_wait(args->stream)));
out:
    set_threads(threads);
    if (status != STATUS_OK)
        status_prefix(status, "operator %.200s, node '%.200s': ", args->op->type_name,
                      args->op->name);
    return status;
}

static void release_primitive(void *step_args) {
    struct primitive_args *args = step_args;
    for (int i = 0; i < args->n; i++)
        if (args->buffers[i] != NO_BUFFER)
            dnnl_memory_destroy(args->args[i].memory);
    if (args->primitive)
        dnnl_primitive_destroy(args->primitive);
    free(args);
}

/* Adds an argument with memory of its descriptor, which will point to the buffer. */
static enum status add_buffer(struct plan *plan, struct primitive_args *args, int arg,
                              const struct descriptor *descriptor, size_t buffer) {
    enum status status;
    dnnl_memory_t memory;
    TRY(memory_make(plan->runtime->onednn->engine, descriptor, DNNL_MEMORY_NONE, &memory));
    args->buffers[args->n] = buffer;
    args->args[args->n++] = (dnnl_exec_arg_t){arg, memory};
    plan_use(plan, buffer);
out:
    return status;
}

/* Appends a step that runs a primitive with fewer than MOST_OPERANDS. */
static enum status append_primitive(struct plan *plan, const struct op *op,
                                    const_dnnl_primitive_desc_t primitive_desc,
                                    const struct operand *operands, size_t n) {
    enum status status;
    struct primitive_args *args;
    struct descriptor descriptor = {0};
    TRY(memory_zeroed(1, sizeof *args, &args));
    TRY(plan_step(plan, "oneDNN", run_primitive, args, release_primitive));
    args->op = op;
    args->stream = plan->runtime->onednn->stream;
    args->threads = threads_of(plan, op);
    TRY(DNNL(dnnl_primitive_create(&args->primitive, primitive_desc)));
    for (size_t i = 0; i < n; i++) {
        if (operands[i].shared) {
            args->buffers[args->n] = NO_BUFFER;
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

static enum status describe_map(const struct plan *plan, int tensor, enum layout layout,
                                struct descriptor *out) {
    dnnl_format_tag_t blocked = plan->runtime->block == 16 ? dnnl_nChw16c : dnnl_nChw8c;
    return descriptor_make(4, plan->shapes[tensor].dims,
                           layout == LAYOUT_BLOCKED ? blocked : dnnl_nchw, out);
}

/* The operands' descriptors. */
struct descriptors {
    struct descriptor src, weights, original, bias, dst;
    bool has_bias;
};

static void descriptors_free(struct descriptors *descriptors) {
    descriptor_free(&descriptors->src);
    descriptor_free(&descriptors->weights);
    descriptor_free(&descriptors->original);
    descriptor_free(&descriptors->bias);
    descriptor_free(&descriptors->dst);
}

static enum status describe_operands(const struct plan *plan, const struct op *op,
                                     enum layout src_layout, struct descriptors *out) {
    enum status status;
    const int64_t *dims = plan->shapes[op->inputs[1]].dims;
    int64_t group = op->window.group, channels = plan->shapes[op->output].dims[1];
    const dnnl_dim_t plain[] = {dims[0], dims[1], dims[2], dims[3]};
    const dnnl_dim_t grouped[] = {group, dims[0] / group, dims[1], dims[2], dims[3]};
    const dnnl_dim_t transposed[] = {dims[1], dims[0], dims[2], dims[3]};
    bool is_transposed = op->kind == OP_CONV_TRANSPOSE;
    const dnnl_dim_t *weights = is_transposed ? transposed : group > 1 ? grouped : plain;
    int rank = group > 1 ? 5 : 4;
    TRY(describe_map(plan, op->inputs[0], src_layout, &out->src));
    TRY(describe_map(plan, op->output, plan->layouts[op->output], &out->dst));
    TRY(descriptor_make(rank, weights, dnnl_format_tag_any, &out->weights));
    TRY(descriptor_make(rank, weights,
                        is_transposed ? dnnl_iohw
                        : group > 1   ? dnnl_goihw
                                      : dnnl_oihw,
                        &out->original));
    out->has_bias = op->n_inputs > 2 && op->inputs[2] >= 0;
    if (out->has_bias)
        TRY(descriptor_make(1, &channels, dnnl_x, &out->bias));
out:
    return status;
}

static struct geometry geometry_of(const struct window *window) {
    return (struct geometry){
        .kernel = {window->kernel[0], window->kernel[1]},
        .stride = {window->stride[0], window->stride[1]},
        .dilation = {window->dilation[0], window->dilation[1]},
        .pad_begin = {window->pad[0], window->pad[1]},
        .pad_end = {window->pad[2] - window->output_padding[0],
                    window->pad[3] - window->output_padding[1]},
    };
}

/* The descriptors that a primitive is made of. */
static struct operand_descriptors descriptors_of(const struct descriptors *descriptors) {
    return (struct operand_descriptors){&descriptors->src, &descriptors->weights,
                                        descriptors->has_bias ? &descriptors->bias : NULL,
                                        &descriptors->dst};
}

/* Appends the primitive with its weights in the layout that it wants. */
static enum status append_weighted(struct plan *plan, const struct op *op,
                                   const_dnnl_primitive_desc_t primitive_desc,
                                   const struct descriptors *descriptors, size_t src) {
    enum status status;
    struct descriptor wanted = {0};
    dnnl_memory_t weights;
    TRY(descriptor_query(primitive_desc, DNNL_ARG_WEIGHTS, &wanted));
    TRY(find_weights(plan->runtime, op, &descriptors->original, &wanted, &weights));
    size_t dst = plan_write(plan, op->output, plan->layouts[op->output]), n = 3;
    struct operand operands[MOST_OPERANDS] = {{DNNL_ARG_SRC, src, NULL},
                                              {DNNL_ARG_DST, dst, NULL},
                                              {DNNL_ARG_WEIGHTS, NO_BUFFER, weights}};
    if (descriptors->has_bias)
        operands[n++] =
            (struct operand){DNNL_ARG_BIAS, buffer_of(op->inputs[2], LAYOUT_PLAIN), NULL};
    TRY(append_primitive(plan, op, primitive_desc, operands, n));
out:
    descriptor_free(&wanted);
    return status;
}

/* Describes a convolution, with its activation where oneDNN has it built in: *activation is what
 * is left to be done. */
static enum status describe_convolution(const struct plan *plan, const struct op *op,
                                        const struct descriptors *descriptors,
                                        struct activation_params *activation,
                                        dnnl_primitive_desc_t *out) {
    enum status status;
    dnnl_engine_t engine = plan->runtime->onednn->engine;
    struct operand_descriptors operands = descriptors_of(descriptors);
    struct geometry geometry = geometry_of(&op->window);
    bool leaky = activation->kind == ACTIVATION_LEAKY_RELU;
    float slope = leaky ? activation->alpha : 0.0f;
    if (leaky || activation->kind == ACTIVATION_RELU) {
        TRY(convolution_describe(engine, &operands, &geometry, &slope, out));
        if (*out) {
            activation->kind = ACTIVATION_NONE;
            return STATUS_OK;
        }
    }
    TRY(convolution_describe(engine, &operands, &geometry, NULL, out));
out:
    return status;
}

static enum status append_convolution(struct plan *plan, const struct op *op, bool *done) {
    enum status status;
    struct descriptors descriptors = {0};
    dnnl_primitive_desc_t primitive_desc = NULL;
    struct activation_params activation = {op->activation, op->alpha, op->beta};
    enum layout layout = plan->layouts[op->output];
    enum layout src_layout = convolution_reads_planes(plan, op) ? LAYOUT_PLAIN : layout;
    size_t src, residual = NO_BUFFER, dst = buffer_of(op->output, layout);
    TRY(describe_operands(plan, op, src_layout, &descriptors));
    TRY(describe_convolution(plan, op, &descriptors, &activation, &primitive_desc));
    if (!primitive_desc)
        goto out;
    TRY(plan_read(plan, op->inputs[0], src_layout, &src));
    if (op->n_inputs > 3 && op->inputs[3] >= 0)
        TRY(plan_read(plan, op->inputs[3], layout, &residual));
    TRY(append_weighted(plan, op, primitive_desc, &descriptors, src));
    if (activation.kind != ACTIVATION_NONE || residual != NO_BUFFER)
        TRY(elements_activate(plan, op, &activation, dst, residual, dst, layout));
    *done = true;
out:
    if (primitive_desc)
        dnnl_primitive_desc_destroy(primitive_desc);
    descriptors_free(&descriptors);
    return status;
}

static enum status append_deconvolution(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct descriptors descriptors = {0};
    dnnl_primitive_desc_t primitive_desc = NULL;
    struct geometry geometry = geometry_of(&op->window);
    enum layout layout = plan->layouts[op->output];
    size_t src;
    if (op->window.group != 1 || geometry.pad_end[0] < 0 || geometry.pad_end[1] < 0)
        goto out;
    TRY(describe_operands(plan, op, layout, &descriptors));
    struct operand_descriptors operands = descriptors_of(&descriptors);
    TRY(deconvolution_describe(plan->runtime->onednn->engine, &operands, &geometry,
                               &primitive_desc));
    if (!primitive_desc)
        goto out;
    TRY(plan_read(plan, op->inputs[0], layout, &src));
    TRY(append_weighted(plan, op, primitive_desc, &descriptors, src));
    *done = true;
out:
    if (primitive_desc)
        dnnl_primitive_desc_destroy(primitive_desc);
    descriptors_free(&descriptors);
    return status;
}

/* Padding behind the map for which oneDNN finds as many windows as the output has. */
static int64_t pad_end(const struct window *window, size_t i, int64_t in, int64_t out) {
    int64_t extent = window->dilation[i] * (window->kernel[i] - 1) + 1;
    int64_t needed = (out - 1) * window->stride[i] + extent - in - window->pad[i];
    return needed > window->pad[2 + i] ? needed : window->pad[2 + i];
}

static enum status append_pool(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct descriptor src = {0}, dst = {0};
    dnnl_primitive_desc_t primitive_desc = NULL;
    size_t src_buffer;
    int x = op->inputs[0];
    const struct window *window = &op->window;
    bool average = op->kind == OP_AVERAGE_POOL;
    /* What a window counts that reaches beyond the padding is ONNX's own rule. */
    if (!plan_is_map(plan, x) || shape_elements(&plan->shapes[op->output]) < 1 ||
        (average && op->pool_count_padding && window->ceil_mode))
        goto out;
    const int64_t *in = plan->shapes[x].dims, *out = plan->shapes[op->output].dims;
    struct geometry geometry = {
        .kernel = {window->kernel[0], window->kernel[1]},
        .stride = {window->stride[0], window->stride[1]},
        .dilation = {window->dilation[0], window->dilation[1]},
        .pad_begin = {window->pad[0], window->pad[1]},
        .pad_end = {pad_end(window, 0, in[2], out[2]), pad_end(window, 1, in[3], out[3])},
    };
    enum layout layout = plan->layouts[op->output];
    TRY(describe_map(plan, x, layout, &src));
    TRY(describe_map(plan, op->output, layout, &dst));
    TRY(pooling_describe(plan->runtime->onednn->engine,
                         !average                 ? dnnl_pooling_max
                         : op->pool_count_padding ? dnnl_pooling_avg_include_padding
                                                  : dnnl_pooling_avg_exclude_padding,
                         &src, &dst, &geometry, &primitive_desc));
    if (!primitive_desc)
        goto out;
    TRY(plan_read(plan, x, layout, &src_buffer));
    const struct operand operands[] = {
        {DNNL_ARG_SRC, src_buffer, NULL},
        {DNNL_ARG_DST, plan_write(plan, op->output, layout), NULL},
    };
    TRY(append_primitive(plan, op, primitive_desc, operands, 2));
    *done = true;
out:
    if (primitive_desc)
        dnnl_primitive_desc_destroy(primitive_desc);
    descriptor_free(&dst);
    descriptor_free(&src);
    return status;
}

/* Describes and appends on as many threads as the step will have. */
static enum status append_with_threads(struct plan *plan, const struct op *op, bool *done,
                                       enum status (*append)(struct plan *plan, const struct op *op,
                                                             bool *done)) {
    int threads = set_threads(threads_of(plan, op));
    enum status status = append(plan, op, done);
    set_threads(threads);
    return status;
}

enum status onednn_convolution(struct plan *plan, const struct op *op, bool *done) {
    return append_with_threads(plan, op, done, append_convolution);
}

enum status onednn_deconvolution(struct plan *plan, const struct op *op, bool *done) {
    return append_with_threads(plan, op, done, append_deconvolution);
}

enum status onednn_pool(struct plan *plan, const struct op *op, bool *done) {
    return append_with_threads(plan, op, done, append_pool);
}
