/* Shapes and types of a graph's tensors. */
#include "model/derivation.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/operators/operator.h"

enum status derivation_start(struct derivation *derivation, const struct graph *graph,
                             int64_t height, int64_t width) {
    enum status status;
    *derivation = (struct derivation){.graph = graph, .height = height, .width = width};
    TRY(memory_zeroed(graph->n_tensors, sizeof(struct shape), &derivation->shapes));
    TRY(memory_zeroed(graph->n_tensors, sizeof(enum dtype), &derivation->dtypes));
    TRY(memory_zeroed(graph->n_tensors, sizeof(bool), &derivation->known));
    if (graph->input < 0 || (size_t)graph->input >= graph->n_tensors) {
        status = FAIL(STATUS_BAD_INPUT, "the model has no input");
        goto out;
    }
    struct shape input = {.rank = 4, .dims = {1, 3, height, width}};
    if (height < 1 || width < 1 || shape_elements(&input) < 0) {
        status =
            FAIL(STATUS_BAD_INPUT, "an input of %" PRId64 " x %" PRId64 " pixels", height, width);
        goto out;
    }
    for (size_t i = 0; i < graph->n_tensors; i++) {
        const struct tensor *tensor = &graph->tensors[i];
        derivation->dtypes[i] = tensor->dtype;
        derivation->known[i] =
            tensor->constant && tensor->data && shape_elements(&tensor->shape) >= 0;
        if (derivation->known[i])
            derivation->shapes[i] = tensor->shape;
    }
    derivation->shapes[graph->input] = input;
    derivation->known[graph->input] = true;
out:
    return status;
}

enum status derivation_step(struct derivation *derivation, const struct op *op) {
    enum status status;
    const struct graph *graph = derivation->graph;
    struct value inputs[GRAPH_INPUTS] = {0};
    TRY(op_check_inputs(graph, op));
    for (size_t i = 0; i < op->n_inputs; i++) {
        int input = op->inputs[i];
        if (input >= 0 && !derivation->known[input]) {
            status = OP_FAIL(op, "its input '%.200s' is not computed before it",
                             graph->tensors[input].name);
            goto out;
        }
        inputs[i].dtype = input < 0 ? DTYPE_F32 : derivation->dtypes[input];
    }
    if (op->output < 0 || (size_t)op->output >= graph->n_tensors || derivation->known[op->output]) {
        status = OP_FAIL(op, "its output is no tensor of the model or has a value already");
        goto out;
    }
    TRY(op_dtype(op, inputs, &derivation->dtypes[op->output]));
    TRY(op_shape(graph, op, derivation->shapes, derivation->height, derivation->width,
                 &derivation->shapes[op->output]));
    derivation->known[op->output] = true;
out:
    return status;
}

enum status derivation_probe(struct derivation *derivation, const struct graph *graph) {
    enum status status;
    int64_t height = graph->fixed_height ? graph->fixed_height : 640;
    int64_t width = graph->fixed_width ? graph->fixed_width : 640;
    TRY(derivation_start(derivation, graph, height, width));
    for (size_t i = 0; i < graph->n_ops; i++)
        (void)derivation_step(derivation, &graph->ops[i]);
out:
    return status;
}

void derivation_free(struct derivation *derivation) {
    free(derivation->shapes);
    free(derivation->dtypes);
    free(derivation->known);
}

enum status graph_shapes(const struct graph *graph, int64_t height, int64_t width,
                         struct shape *shapes) {
    enum status status;
    struct derivation derivation;
    TRY(derivation_start(&derivation, graph, height, width));
    for (size_t i = 0; i < graph->n_ops; i++)
        TRY(derivation_step(&derivation, &graph->ops[i]));
    memcpy(shapes, derivation.shapes, graph->n_tensors * sizeof *shapes);
out:
    derivation_free(&derivation);
    return status;
}
