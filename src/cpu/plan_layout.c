/* Which layout each tensor has, and which buffers are parts of others. */
#include "cpu/layer.h"
#include "cpu/plan.h"

static bool any_blocked(const struct plan *plan, const struct op *op) {
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0 && plan->layouts[op->inputs[i]] == LAYOUT_BLOCKED)
            return true;
    return false;
}

int plan_slice_axis(const struct plan *plan, const struct op *op, size_t *start) {
    const struct shape *in = &plan->shapes[op->inputs[0]], *out = &plan->shapes[op->output];
    int axis = -1;
    *start = 0;
    if (!in->rank)
        return -1;
    for (size_t i = 0; i < in->rank; i++) {
        if (op->slice[i].step != 1 && out->dims[i] > 1)
            return -1;
        if (in->dims[i] == out->dims[i])
            continue;
        if (axis >= 0)
            return -1;
        axis = (int)i;
        int64_t from = op->slice[i].start;
        from = from < 0 ? from + in->dims[i] : from;
        *start = (size_t)(from < 0 ? 0 : from);
    }
    return axis < 0 && in->rank > 1 ? 1 : axis < 0 ? 0 : axis;
}

static enum layout choose_layout(const struct plan *plan, const struct op *op) {
    size_t start;
    if (!plan_is_map(plan, op->output) || plan->runtime->block == 1)
        return LAYOUT_PLAIN;
    switch (op->kind) {
    case OP_CONV:
    case OP_CONV_TRANSPOSE:
        return convolution_is_blocked(plan, op) ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
    case OP_RESIZE:
        return plan->layouts[op->inputs[0]];
    case OP_CONCAT:
        return op->axis == 1 && any_blocked(plan, op) ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
    case OP_SLICE:
        return plan_slice_axis(plan, op, &start) == 1 ? plan->layouts[op->inputs[0]] : LAYOUT_PLAIN;
    case OP_UNARY:
        return op->unary == UNARY_ACTIVATION ? plan->layouts[op->inputs[0]] : LAYOUT_PLAIN;
    case OP_BINARY:
        return binary_is_blocked(plan, op) && any_blocked(plan, op) ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
    case OP_MATMUL:
    case OP_SOFTMAX:
    case OP_RESHAPE:
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
    case OP_UNKNOWN:
        break;
    }
    return LAYOUT_PLAIN;
}

void plan_choose_layouts(struct plan *plan) {
    const struct graph *graph = plan->runtime->graph;
    for (size_t i = 0; i < graph->n_ops; i++)
        plan->layouts[graph->ops[i].output] = choose_layout(plan, &graph->ops[i]);
}

size_t plan_root(const struct plan *plan, size_t buffer, size_t *offset) {
    *offset = 0;
    while (plan->buffers[buffer].parent != NO_BUFFER) {
        *offset += plan->buffers[buffer].offset;
        buffer = plan->buffers[buffer].parent;
    }
    return buffer;
}

bool plan_is_part(const struct plan *plan, size_t buffer, size_t whole, size_t offset) {
    size_t offset_in_root, whole_in_root;
    size_t root = plan_root(plan, buffer, &offset_in_root);
    return root == plan_root(plan, whole, &whole_in_root) &&
           offset_in_root == whole_in_root + offset;
}

size_t plan_part_offset(const struct plan *plan, int tensor, size_t axis, size_t start) {
    const struct shape *shape = &plan->shapes[tensor];
    size_t inner = dtype_size(plan->dtypes[tensor]);
    for (size_t i = axis + 1; i < shape->rank; i++)
        inner *= (size_t)shape->dims[i];
    return start * inner;
}

/* Whether `count` places from `start` along an axis are contiguous in this tensor's buffer and, in
 * blocks, neither begin nor end within one. */
static bool is_contiguous(const struct plan *plan, int tensor, enum layout layout, size_t axis,
                          size_t start, size_t count) {
    const struct shape *shape = &plan->shapes[tensor];
    size_t block = layout_block(plan, layout), end = start + count;
    for (size_t i = 0; i < axis; i++)
        if (shape->dims[i] != 1)
            return false;
    return start % block == 0 && (end % block == 0 || end == (size_t)shape->dims[axis]);
}

struct part {
    size_t buffer, offset; /* in the concatenation */
    bool contiguous;
};

/* Moves the buffer that holds parts[k] into the concatenation `whole`, so that the part lies where
 * it must. All of it must fit and what lies there must be its own. */
static void view_part(struct plan *plan, size_t whole, const struct part *parts, size_t n,
                      size_t k) {
    size_t offset;
    size_t root = plan_root(plan, parts[k].buffer, &offset);
    if (root == whole || plan->buffers[root].home != HOME_ARENA || parts[k].offset < offset)
        return;
    size_t begin = parts[k].offset - offset, end = begin + plan->buffers[root].bytes;
    if (end > plan->buffers[whole].bytes)
        return;
    for (size_t i = 0; i < n; i++) {
        size_t part_begin = parts[i].offset;
        size_t part_end = part_begin + plan->buffers[parts[i].buffer].bytes;
        if (part_end <= begin || part_begin >= end)
            continue;
        if (!parts[i].contiguous || plan_root(plan, parts[i].buffer, &offset) != root ||
            begin + offset != part_begin)
            return;
    }
    plan->buffers[root].parent = whole;
    plan->buffers[root].offset = begin;
}

static void view_concat(struct plan *plan, const struct op *op) {
    enum layout layout = plan->layouts[op->output];
    struct part parts[GRAPH_INPUTS];
    size_t start = 0;
    for (size_t i = 0; i < op->n_inputs; i++) {
        size_t count = (size_t)plan->shapes[op->inputs[i]].dims[op->axis];
        parts[i].buffer = buffer_of(op->inputs[i], layout);
        parts[i].offset = plan_part_offset(plan, op->output, (size_t)op->axis, start);
        parts[i].contiguous =
            is_contiguous(plan, op->output, layout, (size_t)op->axis, start, count);
        start += count;
    }
    for (size_t i = 0; i < op->n_inputs; i++)
        if (parts[i].contiguous)
            view_part(plan, buffer_of(op->output, layout), parts, op->n_inputs, i);
}

static void view_slice(struct plan *plan, const struct op *op) {
    enum layout layout = plan->layouts[op->output];
    struct buffer *out = &plan->buffers[buffer_of(op->output, layout)];
    size_t start;
    int axis = plan_slice_axis(plan, op, &start);
    if (axis < 0)
        return;
    size_t count = (size_t)plan->shapes[op->output].dims[axis];
    if (!is_contiguous(plan, op->inputs[0], layout, (size_t)axis, start, count))
        return;
    out->parent = buffer_of(op->inputs[0], layout);
    out->offset = plan_part_offset(plan, op->inputs[0], (size_t)axis, start);
}

void plan_choose_views(struct plan *plan) {
    const struct graph *graph = plan->runtime->graph;
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct op *op = &graph->ops[i];
        if (op->kind == OP_CONCAT)
            view_concat(plan, op);
        else if (op->kind == OP_SLICE)
            view_slice(plan, op);
        else if (op->kind == OP_RESHAPE)
            plan->buffers[buffer_of(op->output, LAYOUT_PLAIN)].parent =
                buffer_of(op->inputs[0], LAYOUT_PLAIN);
    }
}
