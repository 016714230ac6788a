/* Slices along one axis: views where they can be, copies where not. */
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/compile/views.h"
#include "cpu/layers/layers.h"
#include "cpu/layers/part.h"

/* The one axis along which a slice takes a run of places, and where that begins; the channels'
 * axis where it takes everything; -1 where it takes less on several axes or skips places. */
static int slice_axis(const struct plan *plan, const struct op *op, size_t *start) {
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

static enum layout layout_slice(const struct plan *plan, const struct op *op) {
    size_t start;
    return slice_axis(plan, op, &start) == 1 ? plan->layouts[op->inputs[0]] : LAYOUT_PLAIN;
}

static void view_slice(struct plan *plan, const struct op *op) {
    enum layout layout = plan->layouts[op->output];
    struct buffer *out = &plan->buffers[buffer_of(op->output, layout)];
    struct extent extent = {.tensor = op->inputs[0]};
    int axis = slice_axis(plan, op, &extent.start);
    if (axis < 0)
        return;
    extent.axis = (size_t)axis;
    extent.count = (size_t)plan->shapes[op->output].dims[axis];
    if (!plan_is_contiguous(plan, &extent, layout))
        return;
    out->parent = buffer_of(op->inputs[0], layout);
    out->offset = plan_part_offset(plan, op->inputs[0], extent.axis, extent.start);
}

static enum status append_slice(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    enum layout layout = plan->layouts[op->output];
    struct part part = {.layout = layout, .from.tensor = op->inputs[0], .to.tensor = op->output};
    int axis = slice_axis(plan, op, &part.from.start);
    if (axis < 0)
        return STATUS_OK;
    part.axis = (size_t)axis;
    part.count = (size_t)plan->shapes[op->output].dims[axis];
    TRY(plan_read(plan, op->inputs[0], layout, &part.from.buffer));
    part.to.buffer = plan_write(plan, op->output, layout);
    if (plan->buffers[part.to.buffer].parent != part.from.buffer)
        TRY(part_copy(plan, &part));
    *done = true;
out:
    return status;
}

const struct layer layer_slice = {
    .layout = layout_slice,
    .view = view_slice,
    .append = append_slice,
};
