/* BatchNorm goes into the convolution before it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/derivation.h"
#include "model/links.h"
#include "model/operators/cost.h"

static bool is_constant(const struct graph *graph, int index, size_t rank) {
    return index >= 0 && graph->tensors[index].constant && graph->tensors[index].data &&
           graph->tensors[index].dtype == DTYPE_F32 && graph->tensors[index].shape.rank == rank;
}

/* Folding looks at each weight of a real network once. Steps that may be taken beside that: weights
 * that many convolutions share are copied for each, and a convolution may be followed by many. */
enum { SPARE_STEPS = 300000000, ELEMENT_STEPS = 20 };

static uint64_t most_steps(const struct graph *graph) {
    uint64_t elements = 0;
    for (size_t i = 0; i < graph->n_tensors; i++)
        if (graph->tensors[i].constant)
            elements += (uint64_t)shape_elements(&graph->tensors[i].shape);
    return SPARE_STEPS + ELEMENT_STEPS * elements;
}

static enum status spend(uint64_t *left, size_t elements) {
    if (steps_spend(left, ELEMENT_STEPS * (uint64_t)elements))
        return STATUS_OK;
    return FAIL(STATUS_BAD_INPUT, "its operators of the type BatchNormalization take too long to "
                                  "fold into the convolutions");
}

/* A BatchNorm with constant parameters as y = factor x + shift; *factor (n_channels of it, then as
 * many of shift) is NULL where its parameters are something else. */
static enum status scale_and_shift(const struct graph *graph, const struct op *op,
                                   uint64_t *work_left, size_t *n_channels, double **factor) {
    enum status status = STATUS_OK;
    *factor = NULL;
    if (op->n_inputs != 5 || op->inputs[0] < 0)
        return STATUS_OK;
    for (size_t i = 1; i < 5; i++)
        if (!is_constant(graph, op->inputs[i], 1) ||
            graph->tensors[op->inputs[i]].shape.dims[0] !=
                graph->tensors[op->inputs[1]].shape.dims[0])
            return STATUS_OK;
    *n_channels = (size_t)graph->tensors[op->inputs[1]].shape.dims[0];
    const float *scale = graph->tensors[op->inputs[1]].data;
    const float *bias = graph->tensors[op->inputs[2]].data;
    const float *mean = graph->tensors[op->inputs[3]].data;
    const float *variance = graph->tensors[op->inputs[4]].data;
    TRY(spend(work_left, *n_channels));
    TRY(memory_zeroed(2 * *n_channels, sizeof **factor, factor));
    for (size_t i = 0; i < *n_channels; i++) {
        (*factor)[i] = (double)scale[i] / sqrt((double)variance[i] + (double)op->alpha);
        (*factor)[*n_channels + i] = (double)bias[i] - (double)mean[i] * (*factor)[i];
    }
out:
    return status;
}

/* Whether an operator is a convolution of n_channels outputs whose weights can be changed. */
static bool can_take(const struct graph *graph, const struct op *conv, size_t n_channels) {
    bool transposed = conv->kind == OP_CONV_TRANSPOSE;
    if ((conv->kind != OP_CONV && !transposed) || conv->activation != ACTIVATION_NONE ||
        conv->n_inputs < 2 || !is_constant(graph, conv->inputs[1], 4) ||
        (conv->n_inputs > 3 && conv->inputs[3] >= 0))
        return false;
    const int64_t *dims = graph->tensors[conv->inputs[1]].shape.dims;
    int64_t channels, group = conv->window.group;
    if (group < 1 || (transposed && dims[0] % group) ||
        __builtin_mul_overflow(dims[transposed ? 1 : 0], transposed ? group : 1, &channels) ||
        channels != (int64_t)n_channels)
        return false;
    if (conv->n_inputs < 3 || conv->inputs[2] < 0)
        return true;
    return is_constant(graph, conv->inputs[2], 1) &&
           graph->tensors[conv->inputs[2]].shape.dims[0] == (int64_t)n_channels;
}

/* Adds a zeroed float constant named after another tensor. */
static enum status add_constant(struct graph *graph, const char *name, const struct shape *shape,
                                int *index) {
    enum status status;
    TRY(graph_add_tensor(graph, name, index));
    TRY(graph_make_constant(graph, *index, DTYPE_F32, shape));
out:
    return status;
}

/* Gives a convolution new weights and a new bias; the old may serve others too. */
static enum status fold(struct graph *graph, struct op *conv, const struct op *norm,
                        const double *factor, size_t n_channels) {
    enum status status;
    int weights, bias;
    int old_weights = conv->inputs[1], old_bias = conv->n_inputs > 2 ? conv->inputs[2] : -1;
    struct shape shape = graph->tensors[old_weights].shape;
    struct shape bias_shape = {.rank = 1, .dims = {(int64_t)n_channels}};
    TRY(add_constant(graph, graph->tensors[old_weights].name, &shape, &weights));
    TRY(add_constant(graph, graph->tensors[norm->inputs[2]].name, &bias_shape, &bias));
    const float *from = graph->tensors[old_weights].data;
    const float *from_bias = old_bias < 0 ? NULL : graph->tensors[old_bias].data;
    float *to = graph->tensors[weights].data, *to_bias = graph->tensors[bias].data;
    size_t kernel = (size_t)(shape.dims[2] * shape.dims[3]), second = (size_t)shape.dims[1];
    size_t elements = (size_t)shape_elements(&shape);
    size_t per_group = (size_t)(shape.dims[0] / conv->window.group);
    for (size_t i = 0; i < elements; i++) {
        size_t channel = i / kernel / second;
        if (conv->kind == OP_CONV_TRANSPOSE)
            channel = channel / per_group * second + i / kernel % second;
        to[i] = (float)((double)from[i] * factor[channel]);
    }
    for (size_t i = 0; i < n_channels; i++)
        to_bias[i] =
            (float)((from_bias ? (double)from_bias[i] * factor[i] : 0.0) + factor[n_channels + i]);
    conv->inputs[1] = weights;
    conv->inputs[2] = bias;
    if (conv->n_inputs < 3)
        conv->n_inputs = 3;
    conv->output = norm->output;
out:
    return status;
}

static enum status fold_into_convs(struct graph *graph, uint64_t *work_left) {
    enum status status;
    struct links links = {0};
    bool *dead = NULL;
    double *factor = NULL;
    TRY(links_build(&links, graph));
    TRY(memory_zeroed(graph->n_ops, sizeof *dead, &dead));
    for (size_t i = 0; i < graph->n_ops; i++) {
        struct op *norm = &graph->ops[i];
        size_t n_channels = 0;
        if (norm->kind != OP_BATCH_NORM)
            continue;
        free(factor);
        TRY(scale_and_shift(graph, norm, work_left, &n_channels, &factor));
        int64_t before = factor ? links.producer[norm->inputs[0]] : -1;
        if (before < 0 || links.uses[norm->inputs[0]] != 1 ||
            !can_take(graph, &graph->ops[before], n_channels))
            continue;
        TRY(spend(work_left,
                  (size_t)shape_elements(&graph->tensors[graph->ops[before].inputs[1]].shape)));
        TRY(fold(graph, &graph->ops[before], norm, factor, n_channels));
        links.producer[norm->output] = before; /* another BatchNorm may follow */
        dead[i] = true;
    }
    graph_remove_ops(graph, dead);
out:
    free(factor);
    free(dead);
    links_free(&links);
    return status;
}

/* Makes the BatchNorm at `index` a Mul and appends an Add; x has rank `rank`. */
static enum status split(struct graph *graph, size_t index, size_t rank, const double *factor,
                         size_t n_channels, size_t *add) {
    enum status status;
    int scale, shift, product;
    struct shape shape = {.rank = rank, .dims = {1, 1, 1, 1, 1, 1}};
    shape.dims[1] = (int64_t)n_channels;
    struct op norm = graph->ops[index];
    TRY(add_constant(graph, graph->tensors[norm.inputs[1]].name, &shape, &scale));
    TRY(add_constant(graph, graph->tensors[norm.inputs[2]].name, &shape, &shift));
    TRY(graph_add_tensor(graph, norm.name, &product));
    TRY(graph_add_op(graph, OP_BINARY, norm.name, norm.type_name, add));
    for (size_t i = 0; i < n_channels; i++) {
        ((float *)graph->tensors[scale].data)[i] = (float)factor[i];
        ((float *)graph->tensors[shift].data)[i] = (float)factor[n_channels + i];
    }
    struct op *last = &graph->ops[*add];
    last->binary = BINARY_ADD;
    last->n_inputs = 2;
    last->inputs[0] = product;
    last->inputs[1] = shift;
    last->output = norm.output;
    norm.kind = OP_BINARY;
    norm.binary = BINARY_MUL;
    norm.n_inputs = 2;
    norm.inputs[1] = scale;
    norm.output = product;
    graph->ops[index] = norm;
out:
    return status;
}

/* Puts the operators from n_ops on behind those that they follow: operator i is followed by
 * follower[i], where that is not 0. */
static enum status interleave(struct graph *graph, size_t n_ops, const size_t *follower) {
    enum status status;
    struct op *ops = NULL;
    size_t n = 0;
    TRY(memory_zeroed(graph->n_ops, sizeof *ops, &ops));
    for (size_t i = 0; i < n_ops; i++) {
        ops[n++] = graph->ops[i];
        if (follower[i] != 0)
            ops[n++] = graph->ops[follower[i]];
    }
    free(graph->ops);
    graph->ops = ops;
    graph->op_capacity = graph->n_ops;
out:
    return status;
}

static enum status split_rest(struct graph *graph, uint64_t *work_left) {
    enum status status;
    struct derivation derivation = {0};
    double *factor = NULL;
    size_t n_ops = graph->n_ops, *follower = NULL;
    TRY(derivation_probe(&derivation, graph));
    TRY(memory_zeroed(n_ops, sizeof *follower, &follower));
    for (size_t i = 0; i < n_ops; i++) {
        const struct op *norm = &graph->ops[i];
        size_t n_channels = 0;
        if (norm->kind != OP_BATCH_NORM)
            continue;
        free(factor);
        TRY(scale_and_shift(graph, norm, work_left, &n_channels, &factor));
        if (!factor || !derivation.known[norm->output])
            continue;
        TRY(split(graph, i, derivation.shapes[norm->inputs[0]].rank, factor, n_channels,
                  &follower[i]));
    }
    TRY(interleave(graph, n_ops, follower));
out:
    free(factor);
    free(follower);
    derivation_free(&derivation);
    return status;
}

enum status graph_fold_batch_norm(struct graph *graph) {
    enum status status;
    bool found = false;
    uint64_t work_left = most_steps(graph);
    for (size_t i = 0; i < graph->n_ops; i++)
        found = found || graph->ops[i].kind == OP_BATCH_NORM;
    if (!found)
        return STATUS_OK;
    TRY(fold_into_convs(graph, &work_left));
    TRY(split_rest(graph, &work_left));
out:
    return status;
}
