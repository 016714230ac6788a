/* Copies of channels as steps. */
#include "cpu/compile/convert.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/steps.h"

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

enum status plan_copy_channels(struct plan *plan, const struct channels_args *what) {
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

enum status plan_convert(struct plan *plan, int tensor, enum layout to) {
    enum layout from = to == LAYOUT_PLAIN ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
    size_t channels = (size_t)plan->shapes[tensor].dims[1];
    struct channels_args args = {.src = buffer_of(tensor, from),
                                 .dst = plan_write(plan, tensor, to),
                                 .from = {NULL, layout_block(plan, from), 0},
                                 .to = {NULL, layout_block(plan, to), 0},
                                 .count = channels,
                                 .cells = plan_cells(plan, tensor),
                                 .dst_channels = channels};
    return plan_copy_channels(plan, &args);
}

enum status plan_read(struct plan *plan, int tensor, enum layout layout, size_t *buffer) {
    enum status status = STATUS_OK;
    *buffer = buffer_of(tensor, layout);
    if (!plan->buffers[*buffer].ready)
        TRY(plan_convert(plan, tensor, layout));
out:
    return status;
}
