/* Multi-head self-attention, recognised in the operators that it is exported as: queries, keys and
 * values are moved elements of one feature; MatMul, Softmax over the keys, MatMul. The way in which
 * the elements were moved says which head, cell and channel each is. */
#include <stdlib.h>

#include "base/memory.h"
#include "cuda/network/network_plan.h"

static bool is_scalar(const struct network *network, int tensor, float *value) {
    const struct tensor *constant = &network->graph->tensors[tensor];
    if (!constant->constant || constant->dtype != DTYPE_F32 ||
        shape_elements(&constant->shape) != 1)
        return false;
    *value = ((const float *)constant->data)[0];
    return true;
}

enum status attention_scale(struct network *network, const struct op *op) {
    enum status status = STATUS_OK;
    float factor;
    size_t side = is_scalar(network, op->inputs[1], &factor) ? 0 : 1;
    int tensor = op->inputs[side];
    bool divides = op->binary == BINARY_DIV && side == 0;
    const struct content *from = &network->contents[tensor];
    struct content *to = &network->contents[op->output];
    if ((side == 1 && !is_scalar(network, op->inputs[0], &factor)) ||
        (op->binary != BINARY_MUL && !divides) ||
        (from->role != ROLE_MOVED && from->role != ROLE_SCORES) ||
        !shape_equal(&network->shapes[tensor], &network->shapes[op->output]))
        return network_refuse(op);
    *to = *from;
    to->index = NULL;
    to->scale = divides ? from->scale / factor : from->scale * factor;
    if (from->role == ROLE_MOVED) {
        size_t elements = (size_t)shape_elements(&network->shapes[tensor]);
        TRY(memory_zeroed(elements, sizeof *to->index, &to->index));
        for (size_t i = 0; i < elements; i++)
            to->index[i] = from->index[i];
    }
out:
    return status;
}

enum status attention_softmax(struct network *network, const struct op *op) {
    const struct content *from = &network->contents[op->inputs[0]];
    if (from->role != ROLE_SCORES || op->axis != (int64_t)network->shapes[op->inputs[0]].rank - 1)
        return network_refuse(op);
    network->contents[op->output] = *from;
    network->contents[op->output].role = ROLE_WEIGHTS;
    return STATUS_OK;
}

enum status attention_transpose(struct network *network, const struct op *op) {
    const struct content *from = &network->contents[op->inputs[0]];
    size_t rank = network->shapes[op->inputs[0]].rank;
    for (size_t i = 0; i < rank; i++)
        if (op->permutation[i] != (i + 2 < rank ? i : 2 * rank - 3 - i))
            return network_refuse(op);
    network->contents[op->output] = *from;
    network->contents[op->output].transposed = !from->transposed;
    return STATUS_OK;
}

/* A stack of matrices of moved elements. */
struct stack {
    const int64_t *index;
    int64_t count, rows, columns;
    size_t feature;
};

static enum status stack_of(struct network *network, const struct op *op, int tensor,
                            struct stack *stack) {
    enum status status;
    const struct shape *shape = &network->shapes[tensor];
    const struct content *content = &network->contents[tensor];
    if (content->role != ROLE_MOVED || shape->rank < 2)
        return network_refuse(op);
    stack->rows = shape->dims[shape->rank - 2];
    stack->columns = shape->dims[shape->rank - 1];
    stack->count = shape_elements(shape) / (stack->rows * stack->columns);
    stack->feature = content->feature;
    TRY(moves_index(network, tensor, &stack->index));
out:
    return status;
}

/* Element (i,j) of matrix `at`, or (j,i). */
static int64_t stack_element(const struct stack *stack, int64_t at, int64_t i, int64_t j,
                             bool swapped) {
    int64_t row = swapped ? j : i, column = swapped ? i : j;
    return stack->index[(at * stack->rows + row) * stack->columns + column];
}

/* Whether element (cell i, channel j) of each matrix is channel `offset` + j of the head's group
 * and cell i of the area, `start[at]` saying where group and area begin. */
static bool lies_so(const struct stack *stack, bool swapped, const int64_t *start, int64_t offset,
                    int64_t run, int64_t channels, int64_t cells) {
    for (int64_t at = 0; at < stack->count; at++)
        for (int64_t i = 0; i < run; i++)
            for (int64_t j = 0; j < channels; j++)
                if (stack_element(stack, at, i, j, swapped) != start[at] + (offset + j) * cells + i)
                    return false;
    return true;
}

static enum status scores(struct network *network, const struct op *op) {
    enum status status;
    struct stack query, key;
    TRY(stack_of(network, op, op->inputs[0], &query));
    TRY(stack_of(network, op, op->inputs[1], &key));
    network->contents[op->output] = (struct content){
        .role = ROLE_SCORES,
        .feature = query.feature,
        .scale = network->contents[op->inputs[0]].scale * network->contents[op->inputs[1]].scale,
        .query = op->inputs[0],
        .key = op->inputs[1],
    };
out:
    return status;
}

/* The feature that the kernel writes, and where its elements are in the MatMul's output. */
static enum status attend(struct network *network, const struct op *op, size_t qkv,
                          const struct attention *attention, const int64_t *start,
                          bool cells_first) {
    enum status status;
    struct content *to = &network->contents[op->output];
    const struct feature *in = &network->features[qkv];
    int64_t cells = (int64_t)feature_cells(in), run = cells / (int64_t)attention->areas;
    int64_t channels = (int64_t)attention->head_dim;
    int64_t group = (int64_t)(2 * attention->key_dim + attention->head_dim);
    int64_t count = (int64_t)(attention->heads * attention->areas);
    struct step *step;
    size_t out_channels = attention->heads * attention->head_dim;
    struct feature feature = {
        .channels = out_channels,
        .height = in->height,
        .width = in->width,
        .pitch = channels_aligned(network->element, out_channels),
        .element = network->element,
        .parent = NO_FEATURE,
    };
    TRY(memory_zeroed((size_t)(count * run * channels), sizeof *to->index, &to->index));
    to->role = ROLE_MOVED;
    to->scale = 1.0f;
    TRY(feature_add(network, &feature, &to->feature));
    for (int64_t at = 0; at < count; at++)
        for (int64_t i = 0; i < run; i++)
            for (int64_t j = 0; j < channels; j++) {
                int64_t head = start[at] / cells / group, cell = start[at] % cells + i;
                int64_t place = cells_first ? i * channels + j : j * run + i;
                to->index[at * run * channels + place] = (head * channels + j) * cells + cell;
            }
    TRY(step_add(network, STEP_ATTENTION, qkv, to->feature, &step));
    step->attention = *attention;
out:
    return status;
}

/* Whether the matrices are what kernel_attention takes: one for each head and area, of one feature
 * in which the channels of each head's query, key and value lie side by side. `start` receives the
 * number of each matrix's first element. */
static bool is_attention(const struct network *network, const struct stack *query,
                         const struct stack *key, const struct stack *value, bool cells_first,
                         const struct attention *attention, int64_t *start) {
    const struct feature *qkv = &network->features[query->feature];
    int64_t cells = (int64_t)feature_cells(qkv), run = query->rows;
    int64_t key_dim = query->columns, head_dim = (int64_t)attention->head_dim;
    int64_t group = 2 * key_dim + head_dim;
    if (key->feature != query->feature || value->feature != query->feature ||
        qkv->channels % (size_t)group || cells % run ||
        query->count != (int64_t)(attention->heads * attention->areas) ||
        key->count != query->count || value->count != query->count || key->columns != run ||
        (cells_first ? value->rows : value->columns) != run)
        return false;
    for (int64_t at = 0; at < query->count; at++) {
        start[at] = query->index[at * run * key_dim];
        if (start[at] / cells % group || start[at] % cells % run)
            return false;
    }
    return lies_so(query, false, start, 0, run, key_dim, cells) &&
           lies_so(key, true, start, key_dim, run, key_dim, cells) &&
           lies_so(value, !cells_first, start, 2 * key_dim, run, head_dim, cells);
}

/* weights . values, or values . weights transposed. */
static enum status weighted_values(struct network *network, const struct op *op, size_t side) {
    enum status status;
    const struct content *weights = &network->contents[op->inputs[side]];
    struct stack query, key, value;
    int64_t *start = NULL;
    bool cells_first = side == 0; /* of the values and the output */
    TRY(stack_of(network, op, weights->query, &query));
    TRY(stack_of(network, op, weights->key, &key));
    TRY(stack_of(network, op, op->inputs[1 - side], &value));
    size_t head_dim = (size_t)(cells_first ? value.columns : value.rows);
    const struct feature *qkv = &network->features[query.feature];
    struct attention attention = {
        .heads = qkv->channels / (2 * (size_t)query.columns + head_dim),
        .key_dim = (size_t)query.columns,
        .head_dim = head_dim,
        .areas = feature_cells(qkv) / (size_t)query.rows,
        .scale = weights->scale,
    };
    TRY(memory_zeroed((size_t)query.count, sizeof *start, &start));
    if (weights->transposed == cells_first ||
        network->contents[op->inputs[1 - side]].scale != 1.0f ||
        !is_attention(network, &query, &key, &value, cells_first, &attention, start)) {
        status = network_refuse(op);
        goto out;
    }
    TRY(attend(network, op, query.feature, &attention, start, cells_first));
out:
    free(start);
    return status;
}

enum status attention_matmul(struct network *network, const struct op *op) {
    for (size_t i = 0; i < 2; i++)
        if (op->inputs[i] < 0)
            return network_refuse(op);
    for (size_t side = 0; side < 2; side++)
        if (network->contents[op->inputs[side]].role == ROLE_WEIGHTS)
            return weighted_values(network, op, side);
    return scores(network, op);
}
