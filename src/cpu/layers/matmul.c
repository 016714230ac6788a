/* Matrix products, as attention uses them, on planes. */
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/convert.h"
#include "cpu/compile/steps.h"
#include "cpu/layers/attention.h"
#include "cpu/layers/layers.h"

/* Rows that a thread takes at a time. */
enum { ITEM_ROWS = 16 };

struct matmul_args {
    size_t a, b, dst;
    size_t rows, inner, columns;
    size_t n_matrices;
    size_t from[]; /* [n_matrices][2]: which matrix of a and of b, broadcast */
};

static size_t item_count(size_t rows) {
    return (rows + ITEM_ROWS - 1) / ITEM_ROWS;
}

static void run_matmul(const struct plan *plan, const void *step_args, size_t item, size_t thread) {
    (void)thread;
    const struct matmul_args *args = step_args;
    const float *a = buffer_floats(plan, args->a), *b = buffer_floats(plan, args->b);
    float *dst = buffer_floats(plan, args->dst);
    size_t rows = args->rows, inner = args->inner, columns = args->columns;
    size_t n = args->n_matrices * rows;
    for (size_t i = item * ITEM_ROWS; i < n && i < (item + 1) * ITEM_ROWS; i++) {
        const size_t *from = args->from + i / rows * 2;
        plan->runtime->kernels->multiply_row(a + (from[0] * rows + i % rows) * inner,
                                             b + from[1] * inner * columns, dst + i * columns,
                                             inner, columns);
    }
}

/* The number of the matrix of `shape` that takes part in the result's matrix `at`. */
static size_t matrix_of(const struct shape *shape, const struct shape *out, size_t at) {
    size_t number = 0, stride = 1;
    for (size_t i = out->rank - 2; i-- > 0;) {
        size_t skipped = out->rank - shape->rank, place = at % (size_t)out->dims[i];
        at /= (size_t)out->dims[i];
        if (i < skipped)
            continue;
        size_t dim = (size_t)shape->dims[i - skipped];
        number += dim == 1 ? 0 : place * stride;
        stride *= dim;
    }
    return number;
}

static enum status append_matmul(struct plan *plan, const struct op *op, bool *done) {
    enum status status = STATUS_OK;
    const struct shape *a = &plan->shapes[op->inputs[0]], *b = &plan->shapes[op->inputs[1]];
    const struct shape *out = &plan->shapes[op->output];
    struct matmul_args *args;
    size_t buffer_a, buffer_b;
    TRY(attention_append(plan, op, done));
    if (*done)
        return STATUS_OK;
    if (a->rank < 2 || b->rank < 2 || shape_elements(out) < 1)
        return STATUS_OK;
    TRY(plan_read(plan, op->inputs[0], LAYOUT_PLAIN, &buffer_a));
    TRY(plan_read(plan, op->inputs[1], LAYOUT_PLAIN, &buffer_b));
    size_t rows = (size_t)a->dims[a->rank - 2], columns = (size_t)b->dims[b->rank - 1];
    size_t n = (size_t)shape_elements(out) / rows / columns;
    TRY(memory_zeroed(1, sizeof *args + 2 * n * sizeof *args->from, &args));
    args->a = buffer_a;
    args->b = buffer_b;
    args->dst = plan_write(plan, op->output, LAYOUT_PLAIN);
    args->rows = rows;
    args->inner = (size_t)a->dims[a->rank - 1];
    args->columns = columns;
    args->n_matrices = n;
    for (size_t i = 0; i < n; i++) {
        args->from[2 * i] = matrix_of(a, out, i);
        args->from[2 * i + 1] = matrix_of(b, out, i);
    }
    TRY(plan_shared_step(plan, "matmul", item_count(n * rows), run_matmul, args, free));
    plan_use(plan, args->a);
    plan_use(plan, args->b);
    plan_use(plan, args->dst);
    *done = true;
out:
    return status;
}

const struct layer layer_matmul = {.shorten = attention_shorten, .append = append_matmul};
