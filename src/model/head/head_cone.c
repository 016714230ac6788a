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

/* Steps to look at one operator or at one tensor, room in a cone's arrays included. */
enum { OP_STEPS = 8, TENSOR_STEPS = 40 };

/* Inputs whose elements matter: of a Gather the data alone, where moves are followed. */
static size_t followed(const struct cone *cone, const struct op *op) {
    return cone->moves && op->kind == OP_GATHER ? 1 : op->n_inputs;
}

enum status cone_open(const struct head_search *search, int target, cone_boundary *boundary,
                      const void *context, struct cone *cone, bool *closed) {
    enum status status;
    const struct graph *graph = search->graph;
    bool *needed = NULL;
    *cone = (struct cone){.search = search, .target = target, .moves = boundary == NULL};
    *closed = head_spend(search, graph->n_ops, OP_STEPS) &&
              head_spend(search, graph->n_tensors, TENSOR_STEPS);
    if (!*closed)
        return STATUS_OK;
    TRY(memory_zeroed(graph->n_tensors, sizeof *needed, &needed));
    TRY(memory_zeroed(graph->n_tensors, sizeof *cone->inside, &cone->inside));
    TRY(memory_zeroed(graph->n_tensors, sizeof *cone->uses, &cone->uses));
    TRY(memory_zeroed(graph->n_tensors, sizeof *cone->values, &cone->values));
    needed[target] = true;
    for (size_t i = graph->n_ops; i-- > 0;) {
        const struct op *op = &graph->ops[i];
        if (!needed[op->output] || !search->known[op->output] ||
            (boundary == NULL ? !op_moves(graph, op) && !op_is_sigmoid(op)
                              : boundary(search, op, context)))
            continue;
        cone->inside[op->output] = true;
        for (size_t k = 0; k < followed(cone, op); k++) {
            if (op->inputs[k] < 0)
                continue;
            needed[op->inputs[k]] = true;
            cone->uses[op->inputs[k]]++;
        }
    }
    for (size_t i = 0; i < graph->n_tensors && *closed; i++) {
        if (!needed[i] || cone->inside[i] || (graph->tensors[i].constant && !cone->moves))
            continue;
        *closed = cone->n_sources < CONE_SOURCES && search->known[i];
        if (*closed)
            cone->sources[cone->n_sources++] = (int)i;
    }
out:
    free(needed);
    if (status != STATUS_OK)
        cone_close(cone);
    return status;
}

void cone_close(struct cone *cone) {
    if (cone->values != NULL)
        for (size_t i = 0; i < cone->search->graph->n_tensors; i++)
            head_release(cone->search, cone->values[i].data);
    free(cone->values);
    free(cone->inside);
    free(cone->uses);
    *cone = (struct cone){0};
}

static uint64_t value_bytes(const struct value *value) {
    return (uint64_t)shape_elements(&value->shape) * dtype_size(value->dtype);
}

enum status cone_give(struct cone *cone, int tensor, enum dtype dtype, bool *done) {
    struct value *value = &cone->values[tensor];
    *value = (struct value){dtype, cone->search->shapes[tensor], NULL};
    cone->bytes += value_bytes(value);
    *done = *done && cone->bytes <= most_bytes(cone->search) &&
            steps_spend(cone->search->work_left, value_bytes(value) / 4);
    if (!*done)
        return STATUS_OK;
    return head_allocate(cone->search, value_bytes(value), &value->data);
}

/* Lets them go. */
static void drop(struct cone *cone, int tensor) {
    cone->bytes -= value_bytes(&cone->values[tensor]);
    head_release(cone->search, cone->values[tensor].data);
    cone->values[tensor].data = NULL;
}

/* The numbers of elements that pass a sigmoid. */
static void mark_sigmoid(const struct value *in, struct value *out) {
    const int64_t *from = in->data;
    int64_t *to = out->data, count = shape_elements(&in->shape);
    for (int64_t i = 0; i < count; i++)
        to[i] = from[i] + CONE_SIGMOID;
}

bool cone_passes_sigmoid(const struct cone *cone) {
    const struct graph *graph = cone->search->graph;
    for (size_t i = 0; i < graph->n_ops; i++)
        if (cone->inside[graph->ops[i].output] && op_is_sigmoid(&graph->ops[i]))
            return true;
    return false;
}

/* Computes one operator of the cone. *done: false where that is not possible. */
static enum status step(struct cone *cone, const struct op *op, bool *done) {
    const struct graph *graph = cone->search->graph;
    const struct shape *shapes = cone->search->shapes;
    struct value inputs[GRAPH_INPUTS] = {0}, *out = &cone->values[op->output];
    for (size_t k = 0; k < op->n_inputs; k++) {
        int input = op->inputs[k];
        if (input < 0)
            continue;
        const struct tensor *tensor = &graph->tensors[input];
        inputs[k] = cone->values[input];
        if (inputs[k].data == NULL)
            inputs[k] = (struct value){tensor->dtype, tensor->shape, tensor->data};
        *done = *done && inputs[k].data != NULL;
    }
    bool marks = cone->moves && op_is_sigmoid(op) && inputs[0].data != NULL;
    *done = *done && steps_spend(cone->search->work_left,
                                 marks ? (uint64_t)shape_elements(&shapes[op->output])
                                       : op_steps(op, shapes, &shapes[op->output]));
    enum dtype dtype = cone->moves ? DTYPE_I64 : graph->tensors[op->output].dtype;
    enum status status = cone_give(cone, op->output, dtype, done);
    if (status != STATUS_OK || !*done)
        return status;
    if (marks) {
        mark_sigmoid(&inputs[0], out);
    } else if ((status = op_evaluate(op, inputs, out)) != STATUS_OK) {
        *done = false;
        return status == STATUS_BAD_INPUT ? STATUS_OK : status;
    }
    for (size_t k = 0; k < followed(cone, op); k++) {
        int input = op->inputs[k];
        if (input >= 0 && --cone->uses[input] == 0 && cone->inside[input])
            drop(cone, input);
    }
    return STATUS_OK;
}

/* Hands the target's elements over. */
static void take(struct cone *cone, struct value *out) {
    *out = cone->values[cone->target];
    cone->values[cone->target].data = NULL;
}

enum status cone_evaluate(struct cone *cone, struct value *out, bool *done) {
    enum status status = STATUS_OK;
    const struct graph *graph = cone->search->graph;
    *done = cone->inside[cone->target] && head_spend(cone->search, graph->n_ops, OP_STEPS);
    *out = (struct value){0};
    for (size_t i = 0; i < graph->n_ops && *done; i++)
        if (cone->inside[graph->ops[i].output])
            TRY(step(cone, &graph->ops[i], done));
    if (*done)
        take(cone, out);
out:
    return status;
}

enum status cone_trace(struct cone *cone, int64_t first[CONE_SOURCES + 1], int64_t **ids,
                       bool *done) {
    enum status status = STATUS_OK;
    struct value out = {0};
    *ids = NULL;
    *done = true;
    first[0] = 0;
    for (size_t s = 0; s < cone->n_sources && *done; s++) {
        int source = cone->sources[s];
        int64_t count = shape_elements(&cone->search->shapes[source]);
        first[s + 1] = first[s] + count;
        TRY(cone_give(cone, source, DTYPE_I64, done));
        *done = *done && head_spend(cone->search, (uint64_t)count, 1);
        int64_t *numbers = cone->values[source].data;
        for (int64_t i = *done ? 0 : count; i < count; i++)
            numbers[i] = first[s] + i;
    }
    if (*done && !cone->inside[cone->target])
        take(cone, &out); /* it is its own source */
    else if (*done)
        TRY(cone_evaluate(cone, &out, done));
    *ids = out.data;
out:
    return status;
}

size_t cone_source(const int64_t first[CONE_SOURCES + 1], size_t n_sources, int64_t id) {
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
