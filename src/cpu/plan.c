#include "cpu/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/layer.h"

bool plan_is_map(const struct plan *plan, int tensor) {
    const struct shape *shape = &plan->shapes[tensor];
    return plan->dtypes[tensor] == DTYPE_F32 && shape->rank == 4 && shape->dims[0] == 1;
}

const struct op *plan_only_use(const struct graph *graph, int tensor) {
    const struct op *found = NULL;
    size_t uses = 0;
    for (size_t i = 0; i < graph->n_ops; i++)
        for (size_t k = 0; k < graph->ops[i].n_inputs; k++)
            if (graph->ops[i].inputs[k] == tensor) {
                found = &graph->ops[i];
                uses++;
            }
    for (size_t i = 0; i < graph->head.n_levels; i++)
        uses += graph->head.levels[i].boxes == tensor || graph->head.levels[i].scores == tensor;
    return uses == 1 ? found : NULL;
}

size_t plan_cells(const struct plan *plan, int tensor) {
    const struct shape *shape = &plan->shapes[tensor];
    return (size_t)shape->dims[2] * (size_t)shape->dims[3];
}

enum status plan_describe_map(const struct plan *plan, int tensor, enum layout layout,
                              struct descriptor *out) {
    dnnl_format_tag_t blocked = plan->runtime->block == 16 ? dnnl_nChw16c : dnnl_nChw8c;
    return descriptor_make(4, plan->shapes[tensor].dims,
                           layout == LAYOUT_BLOCKED ? blocked : dnnl_nchw, out);
}

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

static enum status append_op(struct plan *plan, const struct op *op) {
    enum status status = STATUS_OK;
    bool done = false;
    plan->op = op;
    switch (op->kind) {
    case OP_CONV:
        TRY(layer_convolution(plan, op, &done));
        break;
    case OP_CONV_TRANSPOSE:
        TRY(layer_deconvolution(plan, op, &done));
        break;
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
        TRY(layer_max_pool(plan, op, &done));
        if (!done)
            TRY(layer_pool(plan, op, &done));
        break;
    case OP_RESIZE:
        TRY(layer_resize(plan, op, &done));
        break;
    case OP_CONCAT:
        TRY(layer_concat(plan, op, &done));
        break;
    case OP_SLICE:
        TRY(layer_slice(plan, op, &done));
        break;
    case OP_UNARY:
        TRY(layer_unary(plan, op, &done));
        break;
    case OP_BINARY:
        TRY(layer_binary(plan, op, &done));
        break;
    case OP_MATMUL:
        TRY(layer_matmul(plan, op, &done));
        break;
    case OP_SOFTMAX:
        TRY(layer_softmax(plan, op, &done));
        break;
    case OP_RESHAPE:
        TRY(layer_reshape(plan, op, &done));
        break;
    case OP_TRANSPOSE:
    case OP_REDUCE:
    case OP_PAD:
    case OP_EXPAND:
    case OP_GATHER:
    case OP_BATCH_NORM:
    case OP_SHAPE:
    case OP_CONSTANT_OF_SHAPE:
    case OP_RANGE:
    case OP_CAST:
    case OP_WHERE:
    case OP_TILE:
        break; /* rare: layer_generic */
    case OP_UNKNOWN:
        TRY(FAIL(STATUS_BAD_INPUT, "not supported on the CPU"));
    }
    if (!done)
        TRY(layer_generic(plan, op));
out:
    if (status != STATUS_OK)
        status_prefix(status, "operator %.200s, node '%.200s': ", op->type_name, op->name);
    return status;
}

/* The layout in which the judge reads a head's tensor: as it is, but for a final map, which is
 * described in rows. */
static enum layout head_layout(const struct plan *plan, int tensor) {
    return plan->runtime->graph->head.kind == HEAD_FINAL ? LAYOUT_PLAIN : plan->layouts[tensor];
}

int plan_scores(const struct head *head, size_t level) {
    const struct head_level *maps = &head->levels[level];
    return head->kind == HEAD_DISTANCE ? maps->scores : maps->boxes;
}

static enum status keep_head(struct plan *plan) {
    enum status status = STATUS_OK;
    const struct head *head = &plan->runtime->graph->head;
    for (size_t i = 0; i < head->n_levels; i++) {
        const int tensors[] = {head->levels[i].boxes, plan_scores(head, i)};
        for (size_t k = 0; k < 2; k++) {
            size_t buffer;
            const struct shape *shape = &plan->shapes[tensors[k]];
            size_t rank = head->kind == HEAD_FINAL ? 3 : 4;
            if (shape->rank != rank || shape->dims[0] != 1 ||
                plan->dtypes[tensors[k]] != DTYPE_F32) {
                char text[SHAPE_TEXT];
                status =
                    FAIL(STATUS_BAD_INPUT, "the head's tensor '%.200s' of shape %s is not a map",
                         plan->runtime->graph->tensors[tensors[k]].name, shape_text(shape, text));
                goto out;
            }
            TRY(plan_read(plan, tensors[k], head_layout(plan, tensors[k]), &buffer));
            plan->buffers[buffer].last = SIZE_MAX;
        }
    }
out:
    return status;
}

enum status plan_make(struct runtime *runtime, size_t height, size_t width, struct plan **out) {
    enum status status;
    struct plan *plan = NULL;
    size_t *order = NULL;
    TRY(memory_zeroed(1, sizeof *plan, &plan));
    plan->runtime = runtime;
    plan->height = height;
    plan->width = width;
    TRY(derive_tensors(plan));
    TRY(make_buffers(plan));
    plan_choose_layouts(plan);
    plan_choose_upsampled(plan);
    plan_choose_views(plan);
    TRY(memory_zeroed(runtime->graph->n_ops, sizeof *order, &order));
    TRY(plan_order(runtime->graph, order));
    for (size_t i = 0; i < runtime->graph->n_ops; i++)
        if (!plan->absent[runtime->graph->ops[order[i]].output])
            TRY(append_op(plan, &runtime->graph->ops[order[i]]));
    TRY(keep_head(plan));
    TRY(plan_place(plan));
    TRY(team_make(plan->runtime->threads, plan->n_steps, &plan->team));
out:
    free(order);
    if (status != STATUS_OK) {
        plan_free(plan);
        plan = NULL;
    }
    *out = plan;
    return status;
}

void plan_free(struct plan *plan) {
    if (!plan)
        return;
    for (size_t i = 0; i < plan->n_steps; i++)
        plan->steps[i].free(plan->steps[i].args);
    team_free(plan->team);
    free(plan->steps);
    free(plan->bindings);
    free(plan->buffers);
    free(plan->absent);
    free(plan->upsampled);
    free(plan->layouts);
    free(plan->dtypes);
    free(plan->shapes);
    free(plan);
}

static struct head_map map_of(const struct plan *plan, int tensor) {
    const struct head *head = &plan->runtime->graph->head;
    const struct shape *shape = &plan->shapes[tensor];
    enum layout layout = head_layout(plan, tensor);
    struct head_map map = {.data = buffer_floats(plan, buffer_of(tensor, layout)),
                           .block = layout_block(plan, layout)};
    if (head->kind == HEAD_FINAL) {
        map.channels = (size_t)shape->dims[head->channels_last ? 2 : 1];
        map.width = (size_t)shape->dims[head->channels_last ? 1 : 2];
        map.height = 1;
        map.block = head->channels_last ? map.channels : 1;
    } else {
        map.channels = (size_t)shape->dims[1];
        map.height = (size_t)shape->dims[2];
        map.width = (size_t)shape->dims[3];
    }
    return map;
}

void plan_maps(const struct plan *plan, struct head_maps *maps) {
    const struct head *head = &plan->runtime->graph->head;
    *maps = (struct head_maps){0};
    for (size_t i = 0; i < head->n_levels; i++) {
        maps->boxes[i] = map_of(plan, head->levels[i].boxes);
        maps->scores[i] = map_of(plan, plan_scores(head, i));
    }
}
