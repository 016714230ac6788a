/* Mean, sum, largest and smallest over axes. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status shape_reduce(const struct op *op, const struct shape_inputs *inputs,
                                struct shape *out) {
    const struct shape *x = inputs->in[0];
    bool reduced[GRAPH_RANK] = {false};
    if (op->n_axes > x->rank)
        return OP_FAIL(op, "reduces %zu axes of a tensor of rank %zu", op->n_axes, x->rank);
    for (size_t i = 0; i < op->n_axes; i++) {
        int64_t axis = op->axes[i];
        if (axis < 0 || axis >= (int64_t)x->rank || reduced[axis])
            return OP_FAIL(op, "axis %" PRId64 " of a tensor of rank %zu is out of range or twice",
                           axis, x->rank);
        reduced[axis] = true;
    }
    out->rank = 0;
    for (size_t i = 0; i < x->rank; i++) {
        bool gone = reduced[i] || !op->n_axes;
        if (gone && !x->dims[i] && op->reduce != REDUCE_SUM)
            return OP_FAIL(op, "reduces axis %zu, which is empty", i);
        if (!gone || op->keep_dims)
            out->dims[out->rank++] = gone ? 1 : x->dims[i];
    }
    return STATUS_OK;
}

static double reduce_float(enum reduce reduce, double so_far, double x) {
    switch (reduce) {
    case REDUCE_MEAN:
    case REDUCE_SUM:
        return so_far + x;
    case REDUCE_MAX:
        return x > so_far || isnan(x) ? x : so_far;
    case REDUCE_MIN:
        return x < so_far || isnan(x) ? x : so_far;
    }
    return so_far;
}

static int64_t reduce_i64(enum reduce reduce, int64_t so_far, int64_t x) {
    switch (reduce) {
    case REDUCE_MEAN:
    case REDUCE_SUM:
        return (int64_t)((uint64_t)so_far + (uint64_t)x);
    case REDUCE_MAX:
        return x > so_far ? x : so_far;
    case REDUCE_MIN:
        return x < so_far ? x : so_far;
    }
    return so_far;
}

/* Strides of the output along the input's axes: 0 along those that are reduced. */
static void reduce_walk(const struct op *op, const struct shape *x, struct walk *walk) {
    bool reduced[GRAPH_RANK] = {false};
    int64_t stride = 1;
    for (size_t i = 0; i < op->n_axes; i++)
        reduced[op->axes[i]] = true;
    walk_start(walk, x);
    for (size_t i = x->rank; i-- > 0;)
        if (!reduced[i] && op->n_axes) {
            walk->stride[0][i] = stride;
            stride *= x->dims[i];
        }
}

static enum status evaluate_reduce(const struct op *op, const struct value *in, struct value *out) {
    const struct value *x = &in[0];
    enum status status = STATUS_OK;
    struct walk walk;
    double *sum = NULL;
    int64_t elements = shape_elements(&out->shape);
    int64_t count = shape_elements(&x->shape) / elements;
    const float *from = x->data;
    const int64_t *from_i64 = x->data;
    int64_t *to_i64 = out->data;
    double first = op->reduce == REDUCE_MAX ? -INFINITY : op->reduce == REDUCE_MIN ? INFINITY : 0.0;
    int64_t first_i64 = op->reduce == REDUCE_MAX   ? INT64_MIN
                        : op->reduce == REDUCE_MIN ? INT64_MAX
                                                   : 0;
    reduce_walk(op, &x->shape, &walk);
    TRY(memory_zeroed((size_t)elements, sizeof *sum, &sum));
    for (int64_t i = 0; i < elements; i++) {
        sum[i] = first;
        if (x->dtype == DTYPE_I64)
            to_i64[i] = first_i64;
    }
    int64_t columns = count ? walk_columns(&walk) : 0;
    do {
        for (int64_t i = 0; i < columns; i++) {
            int64_t to = walk.offset[0] + i * walk_step(&walk, 0);
            if (x->dtype == DTYPE_I64)
                to_i64[to] = reduce_i64(op->reduce, to_i64[to], *from_i64++);
            else
                sum[to] = reduce_float(op->reduce, sum[to], (double)*from++);
        }
    } while (columns && walk_row(&walk));
    for (int64_t i = 0; i < elements; i++) {
        bool mean = op->reduce == REDUCE_MEAN && count; /* op_shape refuses a mean of none */
        if (x->dtype == DTYPE_I64)
            to_i64[i] = mean ? to_i64[i] / count : to_i64[i];
        else
            ((float *)out->data)[i] = (float)(mean ? sum[i] / (double)count : sum[i]);
    }
out:
    free(sum);
    return status;
}

static enum status dtype_reduce(const struct op *op, const struct value *in, enum dtype *out) {
    *out = in[0].dtype;
    return in[0].dtype != DTYPE_BOOL ? STATUS_OK : OP_FAIL(op, "its input is boolean");
}

static void cost_reduce(const struct op *op, const struct shape *const *in, const struct shape *out,
                        struct op_cost *cost) {
    (void)op;
    (void)out;
    const struct shape *x = in[0];
    cost->multiply_adds = shape_cost(x);
    cost->pieces = x->rank > 0 ? shape_cost(x) / (double)x->dims[x->rank - 1] : 1.0;
    cost->more = 10.0 * shape_cost(x);
}

const struct operator operator_reduce = {
    .name = "Reduce",
    .least = 1,
    .most = 1,
    .dtype = dtype_reduce,
    .shape = shape_reduce,
    .evaluate = evaluate_reduce,
    .element_steps = 10.0,
    .cost = cost_reduce,
};
