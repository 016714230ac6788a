/* Channels where the tensors are in blocks, runs of bytes where not. */
#include "cpu/layers/part.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"

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

static enum status copy_blocked(struct plan *plan, const struct part *part) {
    size_t channels = (size_t)plan->shapes[part->to.tensor].dims[1];
    size_t block = layout_block(plan, part->layout);
    bool last = part->to.start + part->count == channels;
    struct channels_args args = {.src = part->from.buffer,
                                 .dst = part->to.buffer,
                                 .from = {NULL, block, part->from.start},
                                 .to = {NULL, block, part->to.start},
                                 .count = part->count,
                                 .cells = plan_cells(plan, part->to.tensor),
                                 .dst_channels = last ? channels : 0};
    return plan_copy_channels(plan, &args);
}

enum status part_copy(struct plan *plan, const struct part *part) {
    const struct shape *from = &plan->shapes[part->from.tensor];
    const struct shape *to = &plan->shapes[part->to.tensor];
    size_t axis = part->axis;
    if (part->layout == LAYOUT_BLOCKED)
        return copy_blocked(plan, part);
    size_t inner = dtype_size(plan->dtypes[part->to.tensor]), outer = 1;
    for (size_t i = 0; i < axis; i++)
        outer *= (size_t)to->dims[i];
    for (size_t i = axis + 1; i < to->rank; i++)
        inner *= (size_t)to->dims[i];
    struct runs_args args = {.src = part->from.buffer,
                             .dst = part->to.buffer,
                             .src_offset = part->from.start * inner,
                             .dst_offset = part->to.start * inner,
                             .src_stride = (size_t)from->dims[axis] * inner,
                             .dst_stride = (size_t)to->dims[axis] * inner,
                             .bytes = part->count * inner,
                             .count = outer};
    return append_runs(plan, &args);
}
