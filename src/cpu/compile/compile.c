/* The stages of compiling. */
#include "cpu/compile/compile.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/head.h"
#include "cpu/compile/order.h"
#include "cpu/compile/place.h"

/* Shapes and element types of all tensors. */
static enum status derive_tensors(struct plan *plan) {
    enum status status;
    const struct graph *graph = plan->runtime->graph;
    TRY(memory_zeroed(graph->n_tensors, sizeof *plan->shapes, &plan->shapes));
    TRY(memory_zeroed(graph->n_tensors, sizeof *plan->dtypes, &plan->dtypes));
    TRY(memory_zeroed(graph->n_tensors, sizeof *plan->layouts, &plan->layouts));
    TRY(memory_zeroed(graph->n_tensors, sizeof *plan->upsampled, &plan->upsampled));
    TRY(memory_zeroed(graph->n_tensors, sizeof *plan->absent, &plan->absent));
    TRY(graph_shapes(graph, (int64_t)plan->height, (int64_t)plan->width, plan->shapes));
    for (size_t i = 0; i < graph->n_tensors; i++)
        plan->dtypes[i] = graph->tensors[i].dtype;
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct op *op = &graph->ops[i];
        struct value inputs[GRAPH_INPUTS] = {0};
        for (size_t k = 0; k < op->n_inputs; k++)
            inputs[k].dtype = op->inputs[k] < 0 ? DTYPE_F32 : plan->dtypes[op->inputs[k]];
        TRY(op_dtype(op, inputs, &plan->dtypes[op->output]));
    }
out:
    return status;
}

static enum status make_buffers(struct plan *plan) {
    enum status status;
    const struct graph *graph = plan->runtime->graph;
    plan->n_buffers = graph->n_tensors * LAYOUT_COUNT;
    plan->buffer_capacity = plan->n_buffers;
    TRY(memory_zeroed(plan->n_buffers, sizeof *plan->buffers, &plan->buffers));
    for (size_t i = 0; i < plan->n_buffers; i++) {
        struct buffer *buffer = &plan->buffers[i];
        int tensor = (int)(i / LAYOUT_COUNT);
        const struct shape *shape = &plan->shapes[tensor];
        *buffer = (struct buffer){.parent = NO_BUFFER, .first = SIZE_MAX};
        if (i % LAYOUT_COUNT == LAYOUT_PLAIN) {
            buffer->bytes = (size_t)shape_elements(shape) * dtype_size(plan->dtypes[tensor]);
            bool constant = graph->tensors[tensor].constant;
            buffer->ready = constant || tensor == graph->input;
            buffer->home = constant                 ? HOME_CONSTANT
                           : tensor == graph->input ? HOME_INPUT
                                                    : HOME_ARENA;
            if (constant)
                buffer->data = graph->tensors[tensor].data;
        } else if (plan_is_map(plan, tensor)) {
            size_t block = plan->runtime->block;
            size_t blocks = ((size_t)shape->dims[1] + block - 1) / block;
            buffer->bytes = blocks * block * plan_cells(plan, tensor) * sizeof(float);
        }
    }
out:
    return status;
}

/* The row of an operator; one of empty cells where its kind has none. */
static const struct layer *layer_of(const struct layer_table *layers, const struct op *op) {
    static const struct layer none = {0};
    size_t kind = (size_t)op->kind;
    return kind < layers->n && layers->rows[kind] ? layers->rows[kind] : &none;
}

static void choose_layouts(struct plan *plan, const struct layer_table *layers) {
    const struct graph *graph = plan->runtime->graph;
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct op *op = &graph->ops[i];
        const struct layer *layer = layer_of(layers, op);
        if (layer->layout && plan->runtime->block > 1 && plan_is_map(plan, op->output))
            plan->layouts[op->output] = layer->layout(plan, op);
    }
}

static void shorten(struct plan *plan, const struct layer_table *layers) {
    const struct graph *graph = plan->runtime->graph;
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct layer *layer = layer_of(layers, &graph->ops[i]);
        if (layer->shorten)
            layer->shorten(plan, &graph->ops[i]);
    }
}

static void choose_views(struct plan *plan, const struct layer_table *layers) {
    const struct graph *graph = plan->runtime->graph;
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct layer *layer = layer_of(layers, &graph->ops[i]);
        if (layer->view)
            layer->view(plan, &graph->ops[i]);
    }
}

static enum status append_op(struct plan *plan, const struct layer_table *layers,
                             const struct op *op) {
    enum status status = STATUS_OK;
    const struct layer *layer = layer_of(layers, op);
    bool done = false;
    plan->op = op;
    if (layer->append)
        TRY(layer->append(plan, op, &done));
    if (!done)
        TRY(layers->any->append(plan, op, &done));
out:
    if (status != STATUS_OK)
        status_prefix(status, "operator %.200s, node '%.200s': ", op->type_name, op->name);
    return status;
}

enum status plan_make(struct runtime *runtime, const struct layer_table *layers, size_t height,
                      size_t width, struct plan **out) {
    enum status status;
    struct plan *plan = NULL;
    size_t *order = NULL;
    TRY(memory_zeroed(1, sizeof *plan, &plan));
    plan->runtime = runtime;
    plan->height = height;
    plan->width = width;
    TRY(derive_tensors(plan));
    TRY(make_buffers(plan));
    choose_layouts(plan, layers);
    shorten(plan, layers);
    choose_views(plan, layers);
    TRY(memory_zeroed(runtime->graph->n_ops, sizeof *order, &order));
    TRY(plan_order(runtime->graph, order));
    for (size_t i = 0; i < runtime->graph->n_ops; i++)
        if (!plan->absent[runtime->graph->ops[order[i]].output])
            TRY(append_op(plan, layers, &runtime->graph->ops[order[i]]));
    TRY(plan_keep_head(plan));
    TRY(plan_place(plan));
out:
    free(order);
    if (status != STATUS_OK) {
        plan_free(plan);
        plan = NULL;
    }
    *out = plan;
    return status;
}
