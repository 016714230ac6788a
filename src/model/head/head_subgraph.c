/* The operators that lie between chosen tensors and one that is computed from them: following
 * elements back, and computing forward. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/head/head.h"
#include "model/operators/cost.h"
#include "model/operators/operator.h"

/* Bytes that one evaluation may take: what heads of a thousand classes need for this picture. */
static uint64_t most_bytes(const struct head_search *search) {
    const uint64_t least = (uint64_t)64 << 20, most = (uint64_t)512 << 20;
    uint64_t pixels = (uint64_t)search->height * (uint64_t)search->width;
    return pixels > most / 640 ? most : least + pixels * 640 > most ? most : least + pixels * 640;
}

bool op_is_sigmoid(const struct op *op) {
    return op->kind == OP_UNARY && op->unary == UNARY_ACTIVATION &&
           op->activation == ACTIVATION_SIGMOID;
}

bool op_moves(const struct graph *graph, const struct op *op) {
    if (op->kind == OP_GATHER && !(op->inputs[1] >= 0 && graph->tensors[op->inputs[1]].constant))
        return false;
    return operator_of(op->kind)->moves;
}

bool head_spend(const struct head_search *search, uint64_t count, uint64_t steps) {
    return steps_spend(search->work_left, count > UINT64_MAX / steps ? UINT64_MAX : count * steps);
}

/* Steps to look at one operator or at one tensor, room in a subgraph's arrays included, and for a
 * random number. */
enum { OP_STEPS = 8, TENSOR_STEPS = 40, RANDOM_STEPS = 3 };

/* Inputs whose elements matter: of a Gather the data alone, where moves are followed. */
static size_t followed(const struct subgraph *subgraph, const struct op *op) {
    return subgraph->moves && op->kind == OP_GATHER ? 1 : op->n_inputs;
}

enum status subgraph_open(const struct head_search *search, int target, subgraph_boundary *boundary,
                          const void *context, struct subgraph *subgraph, bool *closed) {
    enum status status;
    const struct graph *graph = search->graph;
    bool *needed = NULL;
    *subgraph = (struct subgraph){.search = search, .target = target, .moves = boundary == NULL};
    *closed = head_spend(search, graph->n_ops, OP_STEPS) &&
              head_spend(search, graph->n_tensors, TENSOR_STEPS);
    if (!*closed)
        return STATUS_OK;
    TRY(memory_zeroed(graph->n_tensors, sizeof *needed, &needed));
    TRY(memory_zeroed(graph->n_tensors, sizeof *subgraph->inside, &subgraph->inside));
    TRY(memory_zeroed(graph->n_tensors, sizeof *subgraph->uses, &subgraph->uses));
    TRY(memory_zeroed(graph->n_tensors, sizeof *subgraph->values, &subgraph->values));
    needed[target] = true;
    for (size_t i = graph->n_ops; i-- > 0;) {
        const struct op *op = &graph->ops[i];
        if (!needed[op->output] || !search->known[op->output] ||
            (boundary == NULL ? !op_moves(graph, op) && !op_is_sigmoid(op)
                              : boundary(search, op, context)))
            continue;
        subgraph->inside[op->output] = true;
        for (size_t k = 0; k < followed(subgraph, op); k++) {
            if (op->inputs[k] < 0)
                continue;
            needed[op->inputs[k]] = true;
            subgraph->uses[op->inputs[k]]++;
        }
    }
    for (size_t i = 0; i < graph->n_tensors && *closed; i++) {
        if (!needed[i] || subgraph->inside[i] || (graph->tensors[i].constant && !subgraph->moves))
            continue;
        *closed = subgraph->n_sources < SUBGRAPH_SOURCES && search->known[i];
        if (*closed)
            subgraph->sources[subgraph->n_sources++] = (int)i;
    }
out:
    free(needed);
    if (status != STATUS_OK)
        subgraph_close(subgraph);
    return status;
}

void subgraph_close(struct subgraph *subgraph) {
    if (subgraph->values != NULL)
        for (size_t i = 0; i < subgraph->search->graph->n_tensors; i++)
            head_release(subgraph->search, subgraph->values[i].data);
    free(subgraph->values);
    free(subgraph->inside);
    free(subgraph->uses);
    *subgraph = (struct subgraph){0};
}

static uint64_t value_bytes(const struct value *value) {
    return (uint64_t)shape_elements(&value->shape) * dtype_size(value->dtype);
}

enum status subgraph_allocate(struct subgraph *subgraph, int tensor, enum dtype dtype, bool *done) {
    struct value *value = &subgraph->values[tensor];
    *value = (struct value){dtype, subgraph->search->shapes[tensor], NULL};
    subgraph->bytes += value_bytes(value);
    *done = *done && subgraph->bytes <= most_bytes(subgraph->search) &&
            steps_spend(subgraph->search->work_left, value_bytes(value) / 4);
    if (!*done)
        return STATUS_OK;
    return head_allocate(subgraph->search, value_bytes(value), &value->data);
}

/* Releases a tensor's elements. */
static void drop(struct subgraph *subgraph, int tensor) {
    subgraph->bytes -= value_bytes(&subgraph->values[tensor]);
    head_release(subgraph->search, subgraph->values[tensor].data);
    subgraph->values[tensor].data = NULL;
}

/* The numbers of elements that pass a sigmoid. */
static void mark_sigmoid(const struct value *in, struct value *out) {
    const int64_t *from = in->data;
    int64_t *to = out->data, count = shape_elements(&in->shape);
    for (int64_t i = 0; i < count; i++)
        to[i] = from[i] + SUBGRAPH_SIGMOID;
}

bool subgraph_passes_sigmoid(const struct subgraph *subgraph) {
    const struct graph *graph = subgraph->search->graph;
    for (size_t i = 0; i < graph->n_ops; i++)
        if (subgraph->inside[graph->ops[i].output] && op_is_sigmoid(&graph->ops[i]))
            return true;
    return false;
}

/* Computes one operator of the subgraph. *done: false where that is not possible. */
static enum status step(struct subgraph *subgraph, const struct op *op, bool *done) {
    const struct graph *graph = subgraph->search->graph;
    const struct shape *shapes = subgraph->search->shapes;
    struct value inputs[GRAPH_INPUTS] = {0}, *out = &subgraph->values[op->output];
    for (size_t k = 0; k < op->n_inputs; k++) {
        int input = op->inputs[k];
        if (input < 0)
            continue;
        const struct tensor *tensor = &graph->tensors[input];
        inputs[k] = subgraph->values[input];
        if (inputs[k].data == NULL)
            inputs[k] = (struct value){tensor->dtype, tensor->shape, tensor->data};
        *done = *done && inputs[k].data != NULL;
    }
    bool marks = subgraph->moves && op_is_sigmoid(op) && inputs[0].data != NULL;
    *done = *done && steps_spend(subgraph->search->work_left,
                                 marks ? (uint64_t)shape_elements(&shapes[op->output])
                                       : op_steps(op, shapes, &shapes[op->output]));
    enum dtype dtype = subgraph->moves ? DTYPE_I64 : graph->tensors[op->output].dtype;
    enum status status = subgraph_allocate(subgraph, op->output, dtype, done);
    if (status != STATUS_OK || !*done)
        return status;
    if (marks) {
        mark_sigmoid(&inputs[0], out);
    } else if ((status = op_evaluate(op, inputs, out)) != STATUS_OK) {
        *done = false;
        return status == STATUS_BAD_INPUT ? STATUS_OK : status;
    }
    for (size_t k = 0; k < followed(subgraph, op); k++) {
        int input = op->inputs[k];
        if (input >= 0 && --subgraph->uses[input] == 0 && subgraph->inside[input])
            drop(subgraph, input);
    }
    return STATUS_OK;
}

/* Hands the target's elements over. */
static void take(struct subgraph *subgraph, struct value *out) {
    *out = subgraph->values[subgraph->target];
    subgraph->values[subgraph->target].data = NULL;
}

enum status subgraph_evaluate(struct subgraph *subgraph, struct value *out, bool *done) {
    enum status status = STATUS_OK;
    const struct graph *graph = subgraph->search->graph;
    *done =
        subgraph->inside[subgraph->target] && head_spend(subgraph->search, graph->n_ops, OP_STEPS);
    *out = (struct value){0};
    for (size_t i = 0; i < graph->n_ops && *done; i++)
        if (subgraph->inside[graph->ops[i].output])
            TRY(step(subgraph, &graph->ops[i], done));
    if (*done)
        take(subgraph, out);
out:
    return status;
}

enum status subgraph_trace(struct subgraph *subgraph, int64_t first[SUBGRAPH_SOURCES + 1],
                           int64_t **ids, bool *done) {
    enum status status = STATUS_OK;
    struct value out = {0};
    *ids = NULL;
    *done = true;
    first[0] = 0;
    for (size_t s = 0; s < subgraph->n_sources && *done; s++) {
        int source = subgraph->sources[s];
        int64_t count = shape_elements(&subgraph->search->shapes[source]);
        first[s + 1] = first[s] + count;
        TRY(subgraph_allocate(subgraph, source, DTYPE_I64, done));
        *done = *done && head_spend(subgraph->search, (uint64_t)count, 1);
        int64_t *numbers = subgraph->values[source].data;
        for (int64_t i = *done ? 0 : count; i < count; i++)
            numbers[i] = first[s] + i;
    }
    if (*done && !subgraph->inside[subgraph->target])
        take(subgraph, &out); /* it is its own source */
    else if (*done)
        TRY(subgraph_evaluate(subgraph, &out, done));
    *ids = out.data;
out:
    return status;
}

size_t subgraph_source(const int64_t first[SUBGRAPH_SOURCES + 1], size_t n_sources, int64_t id) {
    size_t s = 0;
    while (s + 1 < n_sources && id >= first[s + 1])
        s++;
    return s;
}

int64_t map_stride(const struct head_search *search, int tensor) {
    const struct shape *shape = &search->shapes[tensor];
    if (!search->known[tensor] || search->graph->tensors[tensor].constant || shape->rank != 4 ||
        shape->dims[0] != 1 || shape->dims[2] < 1 || shape->dims[3] < 1)
        return 0;
    int64_t stride = search->height / shape->dims[2];
    return stride * shape->dims[2] == search->height && stride * shape->dims[3] == search->width
               ? stride
               : 0;
}

void sort_by_stride(const struct head_search *search, int *tensors, size_t count) {
    for (size_t i = 1; i < count; i++)
        for (size_t k = i;
             k > 0 && map_stride(search, tensors[k]) < map_stride(search, tensors[k - 1]); k--) {
            int swap = tensors[k];
            tensors[k] = tensors[k - 1];
            tensors[k - 1] = swap;
        }
}

void random_values(float *values, size_t count, uint64_t seed) {
    uint64_t state = seed * 2685821657736338717u + 88172645463325252u;
    for (size_t i = 0; i < count; i++) {
        state ^= state << 13; /* xorshift64 */
        state ^= state >> 7;
        state ^= state << 17;
        values[i] = (float)(state >> 40) * (6.0f / 16777216.0f) - 3.0f;
    }
}

enum status subgraph_run_random(struct subgraph *subgraph, struct value *out, bool *done) {
    enum status status = STATUS_OK;
    *done = true;
    for (size_t s = 0; s < subgraph->n_sources && *done; s++) {
        struct value *value = &subgraph->values[subgraph->sources[s]];
        TRY(subgraph_allocate(subgraph, subgraph->sources[s], DTYPE_F32, done));
        size_t count = (size_t)shape_elements(&value->shape);
        *done = *done && head_spend(subgraph->search, count, RANDOM_STEPS);
        if (*done)
            random_values(value->data, count, s + 1);
    }
    if (*done)
        TRY(subgraph_evaluate(subgraph, out, done));
out:
    return status;
}
