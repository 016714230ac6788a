/* Convolutions and transposed convolutions. */
#include <omp.h>

#include "cpu/layer.h"

/* The most input channels of a convolution that reads planes: the picture's. */
enum { PLANAR_CHANNELS = 3 };

static bool is_constant_float(const struct plan *plan, int tensor) {
    return plan->runtime->graph->tensors[tensor].constant && plan->dtypes[tensor] == DTYPE_F32;
}

/* What oneDNN is asked to do: one picture, constant floats, no empty maps. */
static bool is_plain_case(const struct plan *plan, const struct op *op) {
    return plan_is_map(plan, op->inputs[0]) && plan_is_map(plan, op->output) &&
           shape_elements(&plan->shapes[op->inputs[0]]) > 0 &&
           shape_elements(&plan->shapes[op->output]) > 0 &&
           is_constant_float(plan, op->inputs[1]) &&
           (op->n_inputs < 3 || op->inputs[2] < 0 || is_constant_float(plan, op->inputs[2]));
}

bool convolution_is_blocked(const struct plan *plan, const struct op *op) {
    if (!is_plain_case(plan, op))
        return false;
    size_t in = (size_t)plan->shapes[op->inputs[0]].dims[1];
    size_t out = (size_t)plan->shapes[op->output].dims[1];
    size_t group = (size_t)op->window.group, block = plan->runtime->block;
    if (group == 1)
        return true;
    /* Blocks must not mix groups, but for one channel a group, where channels do not mix at all. */
    return op->kind == OP_CONV &&
           ((group == in && group == out) || (in / group % block == 0 && out / group % block == 0));
}

bool convolution_reads_planes(const struct plan *plan, const struct op *op) {
    int x = op->inputs[0];
    return plan->layouts[x] == LAYOUT_PLAIN && plan->shapes[x].dims[1] <= PLANAR_CHANNELS &&
           op->window.group == 1;
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
    TRY(plan_describe_map(plan, op->inputs[0], src_layout, &out->src));
    TRY(plan_describe_map(plan, op->output, plan->layouts[op->output], &out->dst));
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

/* Appends the primitive with its weights in the layout that it wants. */
static enum status append(struct plan *plan, const struct op *op,
                          const_dnnl_primitive_desc_t primitive_desc,
                          const struct descriptors *descriptors, size_t src) {
    enum status status;
    struct descriptor wanted = {0};
    dnnl_memory_t weights;
    TRY(descriptor_query(primitive_desc, DNNL_ARG_WEIGHTS, &wanted));
    TRY(runtime_weights(plan->runtime, op, &descriptors->original, &wanted, &weights));
    size_t dst = plan_write(plan, op->output, plan->layouts[op->output]), n = 3;
    struct operand operands[LAYER_OPERANDS] = {{DNNL_ARG_SRC, src, NULL},
                                               {DNNL_ARG_DST, dst, NULL},
                                               {DNNL_ARG_WEIGHTS, NO_BUFFER, weights}};
    if (descriptors->has_bias)
        operands[n++] =
            (struct operand){DNNL_ARG_BIAS, buffer_of(op->inputs[2], LAYOUT_PLAIN), NULL};
    TRY(layer_primitive(plan, op, primitive_desc, operands, n));
out:
    descriptor_free(&wanted);
    return status;
}

/* oneDNN computes convolutions of planes as matrix products whose rounding depends on the number of
 * threads; so they get one. Returns the number to be put back. */
static int limit_threads(enum layout layout) {
    int threads = omp_get_max_threads();
    if (layout == LAYOUT_PLAIN)
        omp_set_num_threads(1);
    return threads;
}

bool convolution_is_ours(const struct plan *plan, const struct op *op) {
    const struct runtime *runtime = plan->runtime;
    return runtime->convolutions && op->window.group == 1 &&
           plan->layouts[op->output] == LAYOUT_BLOCKED;
}

enum status convolution_constants(struct runtime *runtime, const struct op *op, size_t n,
                                  bool *fresh, float **weights, const float **bias) {
    enum status status;
    const struct tensor *tensors = runtime->graph->tensors;
    size_t outputs = (size_t)tensors[op->inputs[1]].shape.dims[0];
    size_t padded = (outputs + runtime->block - 1) / runtime->block * runtime->block;
    TRY(runtime_packed(runtime, op, n + padded, fresh, weights));
    const float *given =
        op->n_inputs > 2 && op->inputs[2] >= 0 ? tensors[op->inputs[2]].data : NULL;
    for (size_t o = 0; *fresh && given && o < outputs; o++)
        (*weights)[n + o] = given[o];
    *bias = *weights + n;
out:
    return status;
}

enum status layer_convolution(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct descriptors descriptors = {0};
    dnnl_primitive_desc_t primitive_desc = NULL;
    struct activation_params activation = {op->activation, op->alpha, op->beta};
    struct geometry geometry = geometry_of(&op->window);
    enum layout layout = plan->layouts[op->output], src_layout = layout;
    size_t src, residual = NO_BUFFER;
    int threads = limit_threads(layout);
    if (!is_plain_case(plan, op))
        goto out;
    TRY(layer_winograd(plan, op, done));
    if (!*done)
        TRY(layer_pointwise(plan, op, done));
    if (!*done)
        TRY(layer_direct(plan, op, done));
    if (*done)
        goto out;
    int x = op->inputs[0];
    if (convolution_reads_planes(plan, op))
        src_layout = LAYOUT_PLAIN;
    TRY(describe_operands(plan, op, src_layout, &descriptors));
    const struct descriptor *bias = descriptors.has_bias ? &descriptors.bias : NULL;
    bool relu = activation.kind == ACTIVATION_RELU || activation.kind == ACTIVATION_LEAKY_RELU;
    float slope = activation.kind == ACTIVATION_LEAKY_RELU ? activation.alpha : 0.0f;
    TRY(convolution_describe(plan->runtime->engine, &descriptors.src, &descriptors.weights, bias,
                             &descriptors.dst, &geometry, relu, slope, &primitive_desc));
    if (!primitive_desc && relu) {
        relu = false;
        TRY(convolution_describe(plan->runtime->engine, &descriptors.src, &descriptors.weights,
                                 bias, &descriptors.dst, &geometry, false, 0.0f, &primitive_desc));
    }
    if (!primitive_desc)
        goto out;
    if (relu)
        activation.kind = ACTIVATION_NONE;
    TRY(plan_read(plan, x, src_layout, &src));
    if (op->n_inputs > 3 && op->inputs[3] >= 0)
        TRY(plan_read(plan, op->inputs[3], layout, &residual));
    TRY(append(plan, op, primitive_desc, &descriptors, src));
    if (activation.kind != ACTIVATION_NONE || residual != NO_BUFFER)
        TRY(layer_activation(plan, op, &activation, buffer_of(op->output, layout), residual,
                             buffer_of(op->output, layout), layout));
    *done = true;
out:
    if (primitive_desc)
        dnnl_primitive_desc_destroy(primitive_desc);
    descriptors_free(&descriptors);
    omp_set_num_threads(threads);
    return status;
}

enum status layer_deconvolution(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    struct descriptors descriptors = {0};
    dnnl_primitive_desc_t primitive_desc = NULL;
    struct geometry geometry = geometry_of(&op->window);
    enum layout layout = plan->layouts[op->output];
    size_t src;
    int threads = limit_threads(layout);
    if (!is_plain_case(plan, op) || op->window.group != 1 || geometry.pad_end[0] < 0 ||
        geometry.pad_end[1] < 0)
        goto out;
    TRY(describe_operands(plan, op, layout, &descriptors));
    TRY(deconvolution_describe(plan->runtime->engine, &descriptors.src, &descriptors.weights,
                               descriptors.has_bias ? &descriptors.bias : NULL, &descriptors.dst,
                               &geometry, &primitive_desc));
    if (!primitive_desc)
        goto out;
    TRY(plan_read(plan, op->inputs[0], layout, &src));
    TRY(append(plan, op, primitive_desc, &descriptors, src));
    *done = true;
out:
    if (primitive_desc)
        dnnl_primitive_desc_destroy(primitive_desc);
    descriptors_free(&descriptors);
    omp_set_num_threads(threads);
    return status;
}
