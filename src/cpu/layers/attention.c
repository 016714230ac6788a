/* Recognises attention by the operators that it consists of, and does it a tile of places at a
 * time (kernels/attention.h). */
#include "cpu/layers/attention.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"

/* What is recognised. */
struct parts {
    int query, key, value;
    float factor;
    /* Tensors between these and the result, which nothing else uses. */
    size_t n_between;
    int between[5];
};

struct attention_args {
    struct attention attention;
    size_t query, key, value, dst, scratch;
    uint32_t offsets[]; /* attention's */
};

static const struct op *producer_of(const struct graph *graph, int tensor) {
    for (size_t i = 0; i < graph->n_ops; i++)
        if (graph->ops[i].output == tensor)
            return &graph->ops[i];
    return NULL;
}

/* The operator of this kind that computes a tensor, of which there is no other use; NULL: none. */
static const struct op *take(const struct plan *plan, int tensor, enum op_kind kind,
                             struct parts *parts) {
    const struct graph *graph = plan->runtime->graph;
    const struct op *op = producer_of(graph, tensor);
    if (!op || op->kind != kind || plan->dtypes[tensor] != DTYPE_F32 ||
        !plan_only_use(graph, tensor))
        return NULL;
    parts->between[parts->n_between++] = tensor;
    return op;
}

/* The same of one that exchanges rows and columns alone. */
static const struct op *take_transpose(const struct plan *plan, int tensor, struct parts *parts) {
    const struct op *op = take(plan, tensor, OP_TRANSPOSE, parts);
    size_t rank = plan->shapes[tensor].rank;
    bool swaps = op && rank >= 2 && op->permutation[rank - 1] == rank - 2 &&
                 op->permutation[rank - 2] == rank - 1;
    for (size_t i = 0; swaps && i + 2 < rank; i++)
        swaps = op->permutation[i] == i;
    return swaps ? op : NULL;
}

/* The product with a number that a tensor is, if it is one: the tensor that is multiplied. */
static int take_factor(const struct plan *plan, int tensor, struct parts *parts) {
    const struct graph *graph = plan->runtime->graph;
    const struct op *op = producer_of(graph, tensor);
    parts->factor = 1.0f;
    if (!op || op->kind != OP_BINARY || op->binary != BINARY_MUL || !plan_only_use(graph, tensor))
        return tensor;
    for (size_t i = 0; i < 2; i++) {
        const struct tensor *number = &graph->tensors[op->inputs[i]];
        if (!number->constant || number->dtype != DTYPE_F32 || shape_elements(&number->shape) != 1)
            continue;
        parts->factor = *(const float *)number->data;
        parts->between[parts->n_between++] = tensor;
        return op->inputs[1 - i];
    }
    return tensor;
}

/* Whether both have the same stack of matrices with as many columns. */
static bool stacks_alike(const struct plan *plan, int a, int b) {
    const struct shape *x = &plan->shapes[a], *y = &plan->shapes[b];
    bool alike = x->rank == y->rank && x->rank >= 2 && shape_elements(x) > 0 &&
                 plan->dtypes[a] == DTYPE_F32 && plan->dtypes[b] == DTYPE_F32;
    for (size_t i = 0; alike && i < x->rank; i++)
        alike = i == x->rank - 2 || x->dims[i] == y->dims[i];
    return alike;
}

static bool find(const struct plan *plan, const struct op *product, struct parts *parts) {
    const struct op *weights, *softmax, *scores, *query;
    *parts = (struct parts){.value = product->inputs[0]};
    weights = take_transpose(plan, product->inputs[1], parts);
    softmax = weights ? take(plan, weights->inputs[0], OP_SOFTMAX, parts) : NULL;
    if (!softmax || softmax->axis != (int64_t)plan->shapes[softmax->output].rank - 1)
        return false;
    int scaled = take_factor(plan, softmax->inputs[0], parts);
    scores = take(plan, scaled, OP_MATMUL, parts);
    query = scores ? take_transpose(plan, scores->inputs[0], parts) : NULL;
    if (!query)
        return false;
    parts->query = query->inputs[0];
    parts->key = scores->inputs[1];
    const struct shape *rows = &plan->shapes[parts->query], *keys = &plan->shapes[parts->key];
    return stacks_alike(plan, parts->query, parts->key) &&
           stacks_alike(plan, parts->query, parts->value) &&
           rows->dims[rows->rank - 2] == keys->dims[keys->rank - 2];
}

/* Everything but where terms are. */
static struct attention describe(const struct plan *plan, const struct parts *parts) {
    const struct shape *keys = &plan->shapes[parts->key], *values = &plan->shapes[parts->value];
    return (struct attention){
        .lanes = plan->runtime->block,
        .n = (size_t)keys->dims[keys->rank - 1],
        .keys = (size_t)keys->dims[keys->rank - 2],
        .values = (size_t)values->dims[values->rank - 2],
        .factor = parts->factor,
    };
}

static bool is_attention(const struct plan *plan, const struct op *product, struct parts *parts) {
    if (!plan->runtime->convolutions || !find(plan, product, parts))
        return false;
    struct attention attention = describe(plan, parts);
    return attention.keys * attention.n <= UINT32_MAX;
}

void attention_shorten(struct plan *plan, const struct op *product) {
    struct parts parts;
    if (!is_attention(plan, product, &parts))
        return;
    for (size_t i = 0; i < parts.n_between; i++)
        plan->absent[parts.between[i]] = true;
}

static void run_tile(const struct plan *plan, const void *step_args, size_t item, size_t thread) {
    const struct attention_args *args = step_args;
    const struct attention *attention = &args->attention;
    size_t tiles = attention_tiles(attention), matrix = item / tiles, n = attention->n;
    size_t keys = matrix * attention->keys * n, values = matrix * attention->values * n;
    plan->runtime->convolutions->attention_tile(
        attention, buffer_floats(plan, args->query) + keys, buffer_floats(plan, args->key) + keys,
        buffer_floats(plan, args->value) + values, buffer_floats(plan, args->dst) + values,
        item % tiles * attention_tile_places(attention),
        buffer_floats(plan, args->scratch) + thread * attention_scratch_count(attention));
}

static enum status append(struct plan *plan, const struct attention_args *what, size_t matrices) {
    enum status status;
    struct attention_args *args;
    const struct attention *attention = &what->attention;
    TRY(memory_zeroed(1, sizeof *args + attention_offset_count(attention) * sizeof *args->offsets,
                      &args));
    *args = *what;
    attention_offsets(attention, args->offsets);
    args->attention.offsets = args->offsets;
    TRY(plan_shared_step(plan, "attention", matrices * attention_tiles(attention), run_tile, args,
                         free));
    plan_use(plan, what->query);
    plan_use(plan, what->key);
    plan_use(plan, what->value);
    plan_use(plan, what->scratch);
    plan_use(plan, what->dst);
out:
    return status;
}

enum status attention_append(struct plan *plan, const struct op *product, bool *done) {
    enum status status = STATUS_OK;
    struct parts parts;
    struct attention_args what = {0};
    if (!is_attention(plan, product, &parts))
        return STATUS_OK;
    what.attention = describe(plan, &parts);
    TRY(plan_read(plan, parts.query, LAYOUT_PLAIN, &what.query));
    TRY(plan_read(plan, parts.key, LAYOUT_PLAIN, &what.key));
    TRY(plan_read(plan, parts.value, LAYOUT_PLAIN, &what.value));
    TRY(plan_scratch(
        plan, plan->runtime->threads * attention_scratch_count(&what.attention) * sizeof(float),
        &what.scratch));
    what.dst = plan_write(plan, product->output, LAYOUT_PLAIN);
    TRY(append(plan, &what,
               (size_t)shape_elements(&plan->shapes[parts.value]) / what.attention.values /
                   what.attention.n));
    *done = true;
out:
    return status;
}
