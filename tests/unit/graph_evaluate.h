/* Runs a graph in plain C: what the backends' tests compare with. */
#ifndef VERIFY_TESTS_GRAPH_EVALUATE_H
#define VERIFY_TESTS_GRAPH_EVALUATE_H

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/derivation.h"

/* Marks what the wanted tensors depend on, and the last operator that reads each tensor. */
static inline void find_needed(const struct graph *graph, const int *wanted, size_t n_wanted,
                               bool *needed, size_t *last_use) {
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

static inline struct value tensor_value(const struct derivation *derivation, void *const *data,
                                        int index) {
    const struct tensor *tensor = &derivation->graph->tensors[index];
    return (struct value){.dtype = derivation->dtypes[index],
                          .shape = derivation->shapes[index],
                          .data = data[index] ? data[index] : tensor->data};
}

static inline enum status evaluate_step(struct derivation *derivation, void **data,
                                        const struct op *op) {
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
static inline enum status copy_wanted(const struct derivation *derivation, void *const *data,
                                      int index, float **output) {
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

/* Runs the operators that the wanted tensors depend on, in plain C and slowly, on one image:
 * `input` is (3,height,width) planes. outputs[i] receives the elements of the float tensor
 * wanted[i]; free() releases each. On failure every outputs[i] is NULL. */
static inline enum status graph_evaluate(const struct graph *graph, int64_t height, int64_t width,
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

#endif
