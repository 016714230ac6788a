/* Transposes of planes, a tile at a time where rows of the input become columns of the output. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/layers/layers.h"

/* Side of a tile, in elements: cache lines of both are used whole. */
enum { TILE = 16 };

/* Axes are the output's: `last`, and `across`, along which the input's elements lie side by side
 * (the same, where rows stay rows). An item is a place of the others. */
struct transpose_args {
    size_t src, dst;
    size_t rank, dims[GRAPH_RANK];
    size_t steps[GRAPH_RANK]; /* of each axis in the input, in elements */
    size_t across;
};

/* A square of the output in which rows and columns are exchanged, from a row-major one. */
static void exchange(const float *src, size_t src_step, float *dst, size_t dst_step, size_t rows,
                     size_t columns) {
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < columns; x++)
            dst[y * dst_step + x] = src[x * src_step + y];
}

static size_t lesser(size_t a, size_t b) {
    return a < b ? a : b;
}

static void run_transpose(const struct plan *plan, const void *step_args, size_t item,
                          size_t thread) {
    (void)thread;
    const struct transpose_args *args = step_args;
    const float *src = buffer_floats(plan, args->src);
    float *dst = buffer_floats(plan, args->dst);
    size_t last = args->rank - 1, columns = args->dims[last], step = columns, across_step = 0;
    for (size_t i = last; i-- > 0; step *= args->dims[i]) {
        if (i == args->across) {
            across_step = step;
            continue;
        }
        src += item % args->dims[i] * args->steps[i];
        dst += item % args->dims[i] * step;
        item /= args->dims[i];
    }
    if (args->across == last) {
        memcpy(dst, src, columns * sizeof *dst);
        return;
    }
    size_t rows = args->dims[args->across];
    for (size_t y = 0; y < rows; y += TILE)
        for (size_t x = 0; x < columns; x += TILE)
            exchange(src + x * args->steps[last] + y, args->steps[last], dst + y * across_step + x,
                     across_step, lesser(rows - y, TILE), lesser(columns - x, TILE));
}

/* Everything but the buffers. */
static struct transpose_args describe(const struct plan *plan, const struct op *op) {
    const struct shape *in = &plan->shapes[op->inputs[0]];
    struct transpose_args args = {.rank = in->rank};
    size_t steps[GRAPH_RANK], step = 1;
    for (size_t i = in->rank; i-- > 0; step *= (size_t)in->dims[i])
        steps[i] = step;
    for (size_t i = 0; i < in->rank; i++) {
        args.dims[i] = (size_t)in->dims[op->permutation[i]];
        args.steps[i] = steps[op->permutation[i]];
        if (op->permutation[i] == in->rank - 1)
            args.across = i;
    }
    return args;
}

static enum status append_transpose(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    const struct shape *shape = &plan->shapes[op->output];
    struct transpose_args *args, what;
    if (plan->dtypes[op->output] != DTYPE_F32 || shape->rank < 2 || shape_elements(shape) < 1)
        return STATUS_OK;
    what = describe(plan, op);
    TRY(plan_read(plan, op->inputs[0], LAYOUT_PLAIN, &what.src));
    what.dst = plan_write(plan, op->output, LAYOUT_PLAIN);
    TRY(memory_zeroed(1, sizeof *args, &args));
    *args = what;
    size_t items = (size_t)shape_elements(shape) / what.dims[what.rank - 1];
    if (what.across != what.rank - 1)
        items /= what.dims[what.across];
    TRY(plan_shared_step(plan, "transpose", items, run_transpose, args, free));
    plan_use(plan, what.src);
    plan_use(plan, what.dst);
    *done = true;
out:
    return status;
}

const struct layer layer_transpose = {.append = append_transpose};
