#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/op.h"

void shape_strides(const struct shape *shape, int64_t strides[GRAPH_RANK]) {
    int64_t stride = 1;
    for (size_t i = shape->rank; i-- > 0;) {
        strides[i] = stride;
        stride *= shape->dims[i];
    }
}

void walk_start(struct walk *walk, const struct shape *shape) {
    *walk = (struct walk){.rank = shape->rank ? shape->rank : 1, .dims = {1}};
    memcpy(walk->dims, shape->dims, shape->rank * sizeof walk->dims[0]);
}

void walk_broadcast(struct walk *walk, size_t array, const struct shape *shape) {
    int64_t strides[GRAPH_RANK];
    shape_strides(shape, strides);
    for (size_t i = 0; i < shape->rank; i++)
        walk->stride[array][walk->rank - shape->rank + i] = shape->dims[i] == 1 ? 0 : strides[i];
}

bool walk_row(struct walk *walk) {
    for (size_t i = walk->rank - 1; i-- > 0;) {
        int64_t back = ++walk->at[i] == walk->dims[i] ? walk->dims[i] : 0;
        for (size_t array = 0; array < 3; array++)
            walk->offset[array] += walk->stride[array][i] * (1 - back);
        if (!back)
            return true;
        walk->at[i] = 0;
    }
    return false;
}

enum status op_evaluate(const struct op *op, const struct value *inputs, struct value *out) {
    enum status status;
    enum dtype dtype;
    TRY(op_dtype(op, inputs, &dtype));
    if (out->dtype != dtype) {
        status = OP_FAIL(op, "its output is of another type");
        goto out;
    }
    if (shape_elements(&out->shape) == 0)
        goto out;
    switch (op->kind) {
    case OP_CONV:
    case OP_CONV_TRANSPOSE:
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
    case OP_RESIZE:
        return op_evaluate_window(op, inputs, out);
    case OP_CONCAT:
    case OP_SLICE:
    case OP_RESHAPE:
    case OP_TRANSPOSE:
    case OP_PAD:
    case OP_EXPAND:
    case OP_GATHER:
    case OP_TILE:
        return op_evaluate_move(op, inputs, out);
    case OP_UNARY:
    case OP_BINARY:
    case OP_CAST:
    case OP_WHERE:
    case OP_SHAPE:
    case OP_CONSTANT_OF_SHAPE:
    case OP_RANGE:
        return op_evaluate_elements(op, inputs, out);
    case OP_MATMUL:
    case OP_SOFTMAX:
    case OP_REDUCE:
    case OP_BATCH_NORM:
        return op_evaluate_math(op, inputs, out);
    case OP_UNKNOWN:
        break; /* op_dtype has refused it */
    }
out:
    return status;
}

/* Marks what the wanted tensors depend on, and the last operator that reads each tensor. */
static void find_needed(const struct graph *graph, const int *wanted, size_t n_wanted, bool *needed,
                        size_t *last_use) {
    for (size_t i = 0; i < n_wanted; i++) {
        needed[wanted[i]] = true;
        last_use[wanted[i]] = SIZE_MAX;
    }
    for (size_t i = graph->n_ops; i-- > 0;) {
        const struct op *op = &graph->ops[i];
        if (op->output < 0 || (size_t)op->output >= graph->n_tensors || !needed[op->output])
            continue;
        for (size_t k = 0; k < op->n_inputs && k < GRAPH_INPUTS; k++) {
            int input = op->inputs[k];
            if (input < 0 || (size_t)input >= graph->n_tensors)
                continue;
            needed[input] = true;
            if (!last_use[input])
                last_use[input] = i + 1;
        }
    }
}

static struct value tensor_value(const struct derivation *derivation, void *const *data,
                                 int index) {
    const struct tensor *tensor = &derivation->graph->tensors[index];
    return (struct value){.dtype = derivation->dtypes[index],
                          .shape = derivation->shapes[index],
                          .data = data[index] ? data[index] : tensor->data};
}

static enum status evaluate_step(struct derivation *derivation, void **data, const struct op *op) {
    enum status status;
    struct value inputs[GRAPH_INPUTS] = {0};
    TRY(derivation_step(derivation, op));
    struct value out = tensor_value(derivation, data, op->output);
    TRY(memory_zeroed((size_t)shape_elements(&out.shape), dtype_size(out.dtype),
                      &data[op->output]));
    out.data = data[op->output];
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0)
            inputs[i] = tensor_value(derivation, data, op->inputs[i]);
    TRY(op_evaluate(op, inputs, &out));
out:
    return status;
}

/* Copies a wanted tensor out, as it may be wanted twice or belong to the graph. */
static enum status copy_wanted(const struct derivation *derivation, void *const *data, int index,
                               float **output) {
    enum status status;
    struct value value = tensor_value(derivation, data, index);
    if (!derivation->known[index] || value.dtype != DTYPE_F32) {
        status = FAIL(STATUS_BAD_INPUT, "tensor '%.200s' is not computed or not float",
                      derivation->graph->tensors[index].name);
        goto out;
    }
    size_t elements = (size_t)shape_elements(&value.shape);
    TRY(memory_zeroed(elements, sizeof(float), output));
    memcpy(*output, value.data, elements * sizeof(float));
out:
    return status;
}

enum status graph_evaluate(const struct graph *graph, int64_t height, int64_t width,
                           const float *input, const int *wanted, size_t n_wanted,
                           float **outputs) {
    enum status status;
    struct derivation derivation = {0};
    void **data = NULL;
    bool *needed = NULL;
    size_t *last_use = NULL;
    for (size_t i = 0; i < n_wanted; i++)
        outputs[i] = NULL;
    for (size_t i = 0; i < n_wanted; i++)
        if (wanted[i] < 0 || (size_t)wanted[i] >= graph->n_tensors)
            return FAIL(STATUS_BAD_INPUT, "tensor %d is wanted; the model has %zu", wanted[i],
                        graph->n_tensors);
    TRY(derivation_start(&derivation, graph, height, width));
    TRY(memory_zeroed(graph->n_tensors, sizeof *data, &data));
    TRY(memory_zeroed(graph->n_tensors, sizeof *needed, &needed));
    TRY(memory_zeroed(graph->n_tensors, sizeof *last_use, &last_use));
    find_needed(graph, wanted, n_wanted, needed, last_use);
    size_t pixels = (size_t)shape_elements(&derivation.shapes[graph->input]);
    TRY(memory_zeroed(pixels, sizeof(float), &data[graph->input]));
    memcpy(data[graph->input], input, pixels * sizeof(float));
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct op *op = &graph->ops[i];
        if (op->output < 0 || (size_t)op->output >= graph->n_tensors || !needed[op->output])
            continue;
        TRY(evaluate_step(&derivation, data, op));
        for (size_t k = 0; k < op->n_inputs; k++)
            if (op->inputs[k] >= 0 && last_use[op->inputs[k]] == i + 1) {
                free(data[op->inputs[k]]);
                data[op->inputs[k]] = NULL;
            }
    }
    for (size_t i = 0; i < n_wanted; i++)
        TRY(copy_wanted(&derivation, data, wanted[i], &outputs[i]));
out:
    for (size_t i = 0; data && i < graph->n_tensors; i++)
        free(data[i]);
    free(data);
    free(needed);
    free(last_use);
    derivation_free(&derivation);
    for (size_t i = 0; status != STATUS_OK && i < n_wanted; i++) {
        free(outputs[i]);
        outputs[i] = NULL;
    }
    return status;
}
