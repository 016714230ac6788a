/* Concatenations: their inputs are made views where they can be, and copied where not. */
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/compile/views.h"
#include "cpu/layers/layers.h"
#include "cpu/layers/part.h"

static enum layout layout_concat(const struct plan *plan, const struct op *op) {
    return op->axis == 1 && plan_any_blocked(plan, op) ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
}

/* An input's buffer. */
struct member {
    size_t buffer, offset; /* in the concatenation */
    bool contiguous;
};

/* Moves the buffer that holds members[k] into the concatenation `whole`, so that it lies where it
 * must. All of the buffer must fit and what lies there must be its own. */
static void view_member(struct plan *plan, size_t whole, const struct member *members, size_t n,
                        size_t k) {
    size_t offset;
    size_t root = plan_root(plan, members[k].buffer, &offset);
    if (root == whole || plan->buffers[root].home != HOME_ARENA || members[k].offset < offset)
        return;
    size_t begin = members[k].offset - offset, end = begin + plan->buffers[root].bytes;
    if (end > plan->buffers[whole].bytes)
        return;
    for (size_t i = 0; i < n; i++) {
        size_t member_begin = members[i].offset;
        size_t member_end = member_begin + plan->buffers[members[i].buffer].bytes;
        if (member_end <= begin || member_begin >= end)
            continue;
        if (!members[i].contiguous || plan_root(plan, members[i].buffer, &offset) != root ||
            begin + offset != member_begin)
            return;
    }
    plan->buffers[root].parent = whole;
    plan->buffers[root].offset = begin;
}

static void view_concat(struct plan *plan, const struct op *op) {
    enum layout layout = plan->layouts[op->output];
    struct member members[GRAPH_INPUTS];
    struct extent extent = {.tensor = op->output, .axis = (size_t)op->axis};
    for (size_t i = 0; i < op->n_inputs; i++) {
        extent.count = (size_t)plan->shapes[op->inputs[i]].dims[op->axis];
        members[i].buffer = buffer_of(op->inputs[i], layout);
        members[i].offset = plan_part_offset(plan, op->output, extent.axis, extent.start);
        members[i].contiguous = plan_is_contiguous(plan, &extent, layout);
        extent.start += extent.count;
    }
    for (size_t i = 0; i < op->n_inputs; i++)
        if (members[i].contiguous)
            view_member(plan, buffer_of(op->output, layout), members, op->n_inputs, i);
}

static enum status append_concat(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    enum layout layout = plan->layouts[op->output];
    struct part part = {.layout = layout,
                        .axis = (size_t)op->axis,
                        .to = {op->output, plan_write(plan, op->output, layout), 0}};
    for (size_t i = 0; i < op->n_inputs; i++) {
        int input = op->inputs[i];
        size_t offset = plan_part_offset(plan, op->output, part.axis, part.to.start);
        part.from.tensor = input;
        part.count = (size_t)plan->shapes[input].dims[part.axis];
        if (!plan->absent[input]) {
            TRY(plan_read(plan, input, layout, &part.from.buffer));
            if (!plan_is_part(plan, part.from.buffer, part.to.buffer, offset))
                TRY(part_copy(plan, &part));
        }
        part.to.start += part.count;
    }
    *done = true;
out:
    return status;
}

const struct layer layer_concat = {
    .layout = layout_concat,
    .view = view_concat,
    .append = append_concat,
};
