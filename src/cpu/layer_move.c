/* Concatenations, slices, reshapes: copies, where they could not be made views; conversions
 * between layouts. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/channels.h"
#include "cpu/layer.h"

/* Channels from one map to another. */
struct channels_args {
    size_t src, dst;
    struct channels from, to; /* their data is set at run time */
    size_t count, cells;
    size_t dst_channels; /* of the whole map, if its padding has to be cleared; else 0 */
};

/* The channels that share a block of the coarser layout, so that no two items write to one. */
static size_t channels_of_item(const struct channels_args *args) {
    return args->from.block > args->to.block ? args->from.block : args->to.block;
}

static void run_channels(const struct plan *plan, const void *step_args, size_t item,
                         size_t thread) {
    (void)thread;
    const struct channels_args *args = step_args;
    struct channels from = args->from, to = args->to;
    size_t most = channels_of_item(args), done = item * most, left = args->count - done;
    from.data = buffer_floats(plan, args->src);
    to.data = buffer_floats(plan, args->dst);
    from.first += done;
    to.first += done;
    channels_copy(&from, &to, left < most ? left : most, args->cells);
    size_t used = args->dst_channels % to.block;
    if (used && left <= most)
        channels_clear_padding(to.data + args->dst_channels / to.block * args->cells * to.block,
                               to.block, used, args->cells);
}

static enum status append_channels(struct plan *plan, const struct channels_args *what) {
    enum status status;
    struct channels_args *args;
    TRY(memory_zeroed(1, sizeof *args, &args));
    *args = *what;
    size_t items = (args->count + channels_of_item(args) - 1) / channels_of_item(args);
    TRY(plan_shared_step(plan, "copy", items, run_channels, args, free));
    plan_use(plan, what->src);
    plan_use(plan, what->dst);
out:
    return status;
}

enum status layer_convert(struct plan *plan, int tensor, enum layout to) {
    enum layout from = to == LAYOUT_PLAIN ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
    size_t channels = (size_t)plan->shapes[tensor].dims[1];
    struct channels_args args = {.src = buffer_of(tensor, from),
                                 .dst = plan_write(plan, tensor, to),
                                 .from = {NULL, layout_block(plan, from), 0},
                                 .to = {NULL, layout_block(plan, to), 0},
                                 .count = channels,
                                 .cells = plan_cells(plan, tensor),
                                 .dst_channels = channels};
    return append_channels(plan, &args);
}

/* Runs of bytes at a stride, such as the rows that a concatenation takes from one part. */
struct runs_args {
    size_t src, dst;
    size_t src_offset, dst_offset, src_stride, dst_stride, bytes, count;
};

static void run_runs(const struct plan *plan, const void *step_args, size_t item, size_t thread) {
    (void)item;
    (void)thread;
    const struct runs_args *args = step_args;
    const char *src = plan->buffers[args->src].data + args->src_offset;
    char *dst = plan->buffers[args->dst].data + args->dst_offset;
    for (size_t i = 0; i < args->count; i++)
        memcpy(dst + i * args->dst_stride, src + i * args->src_stride, args->bytes);
}

static enum status append_runs(struct plan *plan, const struct runs_args *what) {
    enum status status;
    struct runs_args *args;
    TRY(memory_zeroed(1, sizeof *args, &args));
    *args = *what;
    TRY(plan_shared_step(plan, "copy", 1, run_runs, args, free));
    plan_use(plan, what->src);
    plan_use(plan, what->dst);
out:
    return status;
}

/* Copies `count` places of an axis between two tensors that are equal along the others. */
static enum status copy_part(struct plan *plan, enum layout layout, size_t axis, int src_tensor,
                             size_t src, size_t src_start, int dst_tensor, size_t dst,
                             size_t dst_start, size_t count) {
    const struct shape *from = &plan->shapes[src_tensor], *to = &plan->shapes[dst_tensor];
    size_t block = layout_block(plan, layout);
    if (layout == LAYOUT_BLOCKED) {
        size_t channels = (size_t)to->dims[1];
        bool last = dst_start + count == channels;
        struct channels_args args = {.src = src,
                                     .dst = dst,
                                     .from = {NULL, block, src_start},
                                     .to = {NULL, block, dst_start},
                                     .count = count,
                                     .cells = plan_cells(plan, dst_tensor),
                                     .dst_channels = last ? channels : 0};
        return append_channels(plan, &args);
    }
    size_t inner = dtype_size(plan->dtypes[dst_tensor]), outer = 1;
    for (size_t i = 0; i < axis; i++)
        outer *= (size_t)to->dims[i];
    for (size_t i = axis + 1; i < to->rank; i++)
        inner *= (size_t)to->dims[i];
    struct runs_args args = {.src = src,
                             .dst = dst,
                             .src_offset = src_start * inner,
                             .dst_offset = dst_start * inner,
                             .src_stride = (size_t)from->dims[axis] * inner,
                             .dst_stride = (size_t)to->dims[axis] * inner,
                             .bytes = count * inner,
                             .count = outer};
    return append_runs(plan, &args);
}

enum status layer_concat(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    enum layout layout = plan->layouts[op->output];
    size_t axis = (size_t)op->axis, start = 0;
    size_t whole = plan_write(plan, op->output, layout);
    for (size_t i = 0; i < op->n_inputs; i++) {
        int part = op->inputs[i];
        size_t buffer, count = (size_t)plan->shapes[part].dims[axis];
        size_t offset = plan_part_offset(plan, op->output, axis, start);
        if (!plan->absent[part]) {
            TRY(plan_read(plan, part, layout, &buffer));
            if (!plan_is_part(plan, buffer, whole, offset))
                TRY(copy_part(plan, layout, axis, part, buffer, 0, op->output, whole, start,
                              count));
        }
        start += count;
    }
    *done = true;
out:
    return status;
}

enum status layer_slice(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    enum layout layout = plan->layouts[op->output];
    size_t buffer, start;
    int axis = plan_slice_axis(plan, op, &start);
    if (axis < 0)
        return STATUS_OK;
    TRY(plan_read(plan, op->inputs[0], layout, &buffer));
    size_t whole = plan_write(plan, op->output, layout);
    if (plan->buffers[whole].parent != buffer)
        TRY(copy_part(plan, layout, (size_t)axis, op->inputs[0], buffer, start, op->output, whole,
                      0, (size_t)plan->shapes[op->output].dims[axis]));
    *done = true;
out:
    return status;
}

enum status layer_reshape(struct plan *plan, const struct op *op, bool *done) {
    enum status status;
    size_t buffer;
    TRY(plan_read(plan, op->inputs[0], LAYOUT_PLAIN, &buffer));
    plan_write(plan, op->output, LAYOUT_PLAIN);
    *done = true;
out:
    return status;
}
