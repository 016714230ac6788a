/* Activations and additions go into the convolution before them. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/derivation.h"
#include "model/links.h"

struct fusion {
    struct graph *graph;
    struct links links;
    bool *dead; /* operators that others have taken in */
};

static enum status fusion_start(struct fusion *fusion, struct graph *graph) {
    enum status status;
    *fusion = (struct fusion){.graph = graph};
    TRY(links_build(&fusion->links, graph));
    TRY(memory_zeroed(graph->n_ops, sizeof *fusion->dead, &fusion->dead));
out:
    return status;
}

static void fusion_end(struct fusion *fusion) {
    links_free(&fusion->links);
    free(fusion->dead);
}

/* The operator that computes a tensor for a single user; NULL where there is no such one. */
static struct op *sole_producer(const struct fusion *fusion, int tensor) {
    if (tensor < 0 || fusion->links.uses[tensor] != 1 || fusion->links.producer[tensor] < 0)
        return NULL;
    return &fusion->graph->ops[fusion->links.producer[tensor]];
}

static bool is_activation(const struct op *op) {
    return op && op->kind == OP_UNARY && op->unary == UNARY_ACTIVATION && op->n_inputs == 1;
}

static void kill(struct fusion *fusion, const struct op *op) {
    fusion->dead[op - fusion->graph->ops] = true;
}

/* What x times `gate` is, where the gate is an activation of x computed for this product alone. */
static enum activation gated(struct fusion *fusion, int x, const struct op *gate) {
    if (!is_activation(gate))
        return ACTIVATION_NONE;
    if (gate->inputs[0] == x && gate->activation == ACTIVATION_SIGMOID)
        return ACTIVATION_SILU;
    if (gate->inputs[0] == x && gate->activation == ACTIVATION_HARD_SIGMOID &&
        fabsf(gate->alpha - 1.0f / 6.0f) < 1e-6f && fabsf(gate->beta - 0.5f) < 1e-6f)
        return ACTIVATION_HARD_SWISH;
    const struct op *inner = sole_producer(fusion, gate->inputs[0]);
    if (gate->activation == ACTIVATION_TANH && is_activation(inner) && inner->inputs[0] == x &&
        inner->activation == ACTIVATION_SOFTPLUS) {
        kill(fusion, inner);
        return ACTIVATION_MISH;
    }
    return ACTIVATION_NONE;
}

static enum status fuse_gates(struct graph *graph) {
    enum status status;
    struct fusion fusion;
    TRY(fusion_start(&fusion, graph));
    for (size_t i = 0; i < graph->n_ops; i++) {
        struct op *op = &graph->ops[i];
        if (op->kind != OP_BINARY || op->binary != BINARY_MUL || op->n_inputs != 2)
            continue;
        for (size_t k = 0; k < 2; k++) {
            int x = op->inputs[k];
            const struct op *gate = sole_producer(&fusion, op->inputs[1 - k]);
            enum activation activation = gated(&fusion, x, gate);
            if (activation == ACTIVATION_NONE)
                continue;
            kill(&fusion, gate);
            op->kind = OP_UNARY;
            op->unary = UNARY_ACTIVATION;
            op->activation = activation;
            op->n_inputs = 1;
            op->inputs[0] = x;
            break;
        }
    }
    graph_remove_ops(graph, fusion.dead);
out:
    fusion_end(&fusion);
    return status;
}

static bool is_plain_conv(const struct op *op) {
    return op && op->kind == OP_CONV && (op->n_inputs < 4 || op->inputs[3] < 0);
}

static enum status fuse_activations(struct graph *graph) {
    enum status status;
    struct fusion fusion;
    TRY(fusion_start(&fusion, graph));
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct op *op = &graph->ops[i];
        struct op *conv = is_activation(op) ? sole_producer(&fusion, op->inputs[0]) : NULL;
        if (!is_plain_conv(conv) || conv->activation != ACTIVATION_NONE)
            continue;
        conv->activation = op->activation;
        conv->alpha = op->alpha;
        conv->beta = op->beta;
        conv->output = op->output;
        fusion.links.producer[op->output] = conv - graph->ops;
        kill(&fusion, op);
    }
    graph_remove_ops(graph, fusion.dead);
out:
    fusion_end(&fusion);
    return status;
}

/* The convolution that can take in this Add, the later one where both its inputs are such; *other
 * is then the residual. Shapes that agree at one input size agree at all: sizes of feature maps
 * and of constants meet by chance only, and a constant is no residual. */
static struct op *residual_conv(const struct fusion *fusion, const struct derivation *derivation,
                                const struct op *add, int *other) {
    struct op *best = NULL;
    if (add->kind != OP_BINARY || add->binary != BINARY_ADD || add->n_inputs != 2 ||
        !derivation->known[add->output])
        return NULL;
    for (size_t k = 0; k < 2; k++) {
        struct op *conv = sole_producer(fusion, add->inputs[k]);
        int second = add->inputs[1 - k];
        if (!is_plain_conv(conv) || (best && conv < best) ||
            fusion->graph->tensors[second].constant ||
            !shape_equal(&derivation->shapes[add->inputs[k]], &derivation->shapes[second]))
            continue;
        best = conv;
        *other = second;
    }
    return best;
}

static enum status fuse_residuals(struct graph *graph) {
    enum status status;
    struct fusion fusion = {0};
    struct derivation derivation;
    TRY(derivation_probe(&derivation, graph));
    TRY(fusion_start(&fusion, graph));
    for (size_t i = 0; i < graph->n_ops; i++) {
        int other = -1;
        struct op *add = &graph->ops[i];
        struct op *conv = residual_conv(&fusion, &derivation, add, &other);
        if (!conv)
            continue;
        if (conv->n_inputs < 3)
            conv->inputs[2] = -1;
        conv->inputs[3] = other;
        conv->n_inputs = 4;
        conv->output = add->output;
        /* The convolution takes the Add's place, where the residual is surely computed. */
        struct op fused = *conv;
        *conv = *add;
        *add = fused;
        kill(&fusion, conv);
        fusion.links.producer[fused.output] = (int64_t)i;
    }
    graph_remove_ops(graph, fusion.dead);
out:
    fusion_end(&fusion);
    derivation_free(&derivation);
    return status;
}

enum status graph_fuse(struct graph *graph) {
    enum status status;
    TRY(fuse_gates(graph));
    TRY(fuse_activations(graph));
    TRY(fuse_residuals(graph));
out:
    return status;
}
