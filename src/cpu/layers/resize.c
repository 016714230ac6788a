/* Nearest-neighbour resizing, in either layout. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/layers/layers.h"
#include "cpu/layers/upsampled.h"

struct resize_args {
    size_t src, dst, block, groups; /* groups of `block` channels: the items */
    size_t in_height, in_width, out_height, out_width;
    size_t from[]; /* [out_height] source rows, then [out_width] source columns */
};

/* Copies one row of one group of channels, from columns[x] to x. */
static void resize_row(const float *src, float *dst, const size_t *columns, size_t width,
                       size_t block) {
    if (block == 8) {
        for (size_t x = 0; x < width; x++)
            memcpy(dst + x * 8, src + columns[x] * 8, 8 * sizeof(float));
    } else if (block == 16) {
        for (size_t x = 0; x < width; x++)
            memcpy(dst + x * 16, src + columns[x] * 16, 16 * sizeof(float));
    } else {
        for (size_t x = 0; x < width; x++)
            dst[x] = src[columns[x]];
    }
}

static void run_resize(const struct plan *plan, const void *step_args, size_t group,
                       size_t thread) {
    (void)thread;
    const struct resize_args *args = step_args;
    const size_t *rows = args->from, *columns = args->from + args->out_height;
    const float *src = buffer_floats(plan, args->src);
    float *dst = buffer_floats(plan, args->dst);
    size_t in_row = args->in_width * args->block, out_row = args->out_width * args->block;
    for (size_t y = 0; y < args->out_height; y++) {
        float *to = dst + (group * args->out_height + y) * out_row;
        if (y && rows[y] == rows[y - 1])
            memcpy(to, to - out_row, out_row * sizeof(float));
        else
            resize_row(src + (group * args->in_height + rows[y]) * in_row, to, columns,
                       args->out_width, args->block);
    }
}

/* Where each of `out` positions comes from: op_evaluate's rule. */
static void resize_table(size_t *from, size_t out, size_t in, float scale) {
    for (size_t i = 0; i < out; i++) {
        size_t at = (size_t)floorf((float)i / scale);
        from[i] = at < in ? at : in - 1;
    }
}

static enum status append_resize(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    int x = op->inputs[0];
    size_t src;
    struct resize_args *args;
    if (!plan_is_map(plan, x) || shape_elements(&plan->shapes[op->output]) < 1)
        return STATUS_OK;
    const int64_t *in = plan->shapes[x].dims, *out = plan->shapes[op->output].dims;
    enum layout layout = plan->layouts[op->output];
    TRY(plan_read(plan, x, layout, &src));
    size_t bytes = sizeof *args + (size_t)(out[2] + out[3]) * sizeof *args->from;
    TRY(memory_zeroed(1, bytes, &args));
    args->src = src;
    args->dst = plan_write(plan, op->output, layout);
    args->block = layout_block(plan, layout);
    args->groups = ((size_t)in[1] + args->block - 1) / args->block;
    args->in_height = (size_t)in[2];
    args->in_width = (size_t)in[3];
    args->out_height = (size_t)out[2];
    args->out_width = (size_t)out[3];
    resize_table(args->from, args->out_height, args->in_height, op->scale[0]);
    resize_table(args->from + args->out_height, args->out_width, args->in_width, op->scale[1]);
    TRY(plan_shared_step(plan, "resize", args->groups, run_resize, args, free));
    plan_use(plan, src);
    plan_use(plan, args->dst);
    *done = true;
out:
    return status;
}

static enum layout layout_resize(const struct plan *plan, const struct op *op) {
    return plan->layouts[op->inputs[0]];
}

const struct layer layer_resize = {
    .layout = layout_resize,
    .shorten = upsampled_shorten,
    .append = append_resize,
};
