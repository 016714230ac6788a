/* A graph's tensors and operators: adding, freeing, shapes as text. */
#include "model/graph.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { MOST_ELEMENTS_LOG2 = 40 };

size_t dtype_size(enum dtype dtype) {
    switch (dtype) {
    case DTYPE_F32:
        return sizeof(float);
    case DTYPE_I64:
        return sizeof(int64_t);
    case DTYPE_BOOL:
        return 1;
    }
    return 0;
}

int64_t shape_elements(const struct shape *shape) {
    const int64_t most = INT64_C(1) << MOST_ELEMENTS_LOG2;
    int64_t elements = 1;
    if (shape->rank > GRAPH_RANK)
        return -1;
    for (size_t i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 0 || __builtin_mul_overflow(elements, shape->dims[i], &elements) ||
            elements > most)
            return -1;
    return elements;
}

bool shape_equal(const struct shape *a, const struct shape *b) {
    return a->rank == b->rank && !memcmp(a->dims, b->dims, a->rank * sizeof a->dims[0]);
}

const char *shape_text(const struct shape *shape, char text[SHAPE_TEXT]) {
    size_t length = 0;
    text[length++] = '(';
    for (size_t i = 0; i < shape->rank && i < GRAPH_RANK; i++)
        length += (size_t)snprintf(text + length, SHAPE_TEXT - length, "%s%" PRId64, i ? "," : "",
                                   shape->dims[i]);
    text[length++] = ')';
    text[length] = '\0';
    return text;
}

enum status graph_add_tensor(struct graph *graph, const char *name, int *index) {
    enum status status = STATUS_OK;
    struct tensor tensor = {.dtype = DTYPE_F32};
    if (graph->n_tensors >= INT_MAX) {
        status = FAIL(STATUS_BAD_INPUT, "the model has too many tensors");
        goto out;
    }
    TRY(memory_reserve(&graph->tensors, &graph->tensor_capacity, graph->n_tensors + 1,
                       sizeof tensor));
    TRY(memory_string(name, &tensor.name));
    *index = (int)graph->n_tensors;
    graph->tensors[graph->n_tensors++] = tensor;
out:
    return status;
}

enum status graph_add_op(struct graph *graph, enum op_kind kind, const char *name,
                         const char *type_name, size_t *index) {
    enum status status;
    struct op op = {.kind = kind, .output = -1};
    TRY(memory_reserve(&graph->ops, &graph->op_capacity, graph->n_ops + 1, sizeof op));
    TRY(memory_string(name, &op.name));
    TRY(memory_string(type_name, &op.type_name));
    *index = graph->n_ops;
    graph->ops[graph->n_ops++] = op;
    return STATUS_OK;
out:
    free(op.name);
    return status;
}

enum status graph_make_constant(struct graph *graph, int index, enum dtype dtype,
                                const struct shape *shape) {
    enum status status = STATUS_OK;
    struct tensor *tensor = &graph->tensors[index];
    void *data;
    int64_t elements = shape_elements(shape);
    if (elements < 0) {
        char text[SHAPE_TEXT];
        return FAIL(STATUS_BAD_INPUT, "constant '%.200s': no tensor can have the shape %s",
                    tensor->name, shape_text(shape, text));
    }
    TRY(memory_zeroed((size_t)elements, dtype_size(dtype), &data));
    free(tensor->data);
    tensor->data = data;
    tensor->dtype = dtype;
    tensor->constant = true;
    tensor->shape = *shape;
out:
    return status;
}

void graph_free(struct graph *graph) {
    for (size_t i = 0; i < graph->n_tensors; i++) {
        free(graph->tensors[i].name);
        free(graph->tensors[i].data);
    }
    for (size_t i = 0; i < graph->n_ops; i++) {
        free(graph->ops[i].name);
        free(graph->ops[i].type_name);
    }
    free(graph->tensors);
    free(graph->ops);
    *graph = (struct graph){0};
}
