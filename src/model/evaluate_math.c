/* Matrix products, Softmax, reductions and BatchNorm in plain C. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/op.h"

static enum status evaluate_matmul(const struct op *op, const struct value *in, struct value *out) {
    enum status status;
    double *sum;
    struct walk walk;
    const struct shape *a = &in[0].shape, *b = &in[1].shape;
    (void)op;
    int64_t rows = a->rank > 1 ? a->dims[a->rank - 2] : 1, inner = a->dims[a->rank - 1];
    int64_t columns = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    struct shape batch = out->shape, batch_a = *a, batch_b = *b;
    batch.rank -= (size_t)(a->rank > 1) + (size_t)(b->rank > 1);
    batch_a.rank = a->rank > 2 ? a->rank - 2 : 0;
    batch_b.rank = b->rank > 2 ? b->rank - 2 : 0;
    walk_start(&walk, &batch);
    walk_broadcast(&walk, 0, &batch_a);
    walk_broadcast(&walk, 1, &batch_b);
    float *to = out->data;
    TRY(memory_zeroed((size_t)columns, sizeof *sum, &sum));
    do {
        for (int64_t matrix = 0; matrix < walk_columns(&walk); matrix++) {
            int64_t at_a = walk.offset[0] + matrix * walk_step(&walk, 0);
            int64_t at_b = walk.offset[1] + matrix * walk_step(&walk, 1);
            const float *from_a = (const float *)in[0].data + at_a * rows * inner;
            const float *from_b = (const float *)in[1].data + at_b * inner * columns;
            for (int64_t row = 0; row < rows; row++, to += columns) {
                for (int64_t i = 0; i < columns; i++)
                    sum[i] = 0.0;
                for (int64_t k = 0; k < inner; k++)
                    for (int64_t i = 0; i < columns; i++)
                        sum[i] += (double)from_a[row * inner + k] * (double)from_b[k * columns + i];
                for (int64_t i = 0; i < columns; i++)
                    to[i] = (float)sum[i];
            }
        }
    } while (walk_row(&walk));
    free(sum);
out:
    return status;
}

static void evaluate_softmax(const struct op *op, const struct value *x, struct value *out) {
    int64_t strides[GRAPH_RANK], elements = shape_elements(&x->shape);
    int64_t count = x->shape.dims[op->axis];
    shape_strides(&x->shape, strides);
    int64_t stride = strides[op->axis];
    for (int64_t line = 0; line < elements / count; line++) {
        int64_t first = line / stride * stride * count + line % stride;
        const float *from = (const float *)x->data + first;
        float *to = (float *)out->data + first;
        float largest = -INFINITY;
        double sum = 0.0;
        for (int64_t i = 0; i < count; i++)
            largest = from[i * stride] > largest ? from[i * stride] : largest;
        for (int64_t i = 0; i < count; i++)
            sum += exp((double)from[i * stride] - (double)largest);
        for (int64_t i = 0; i < count; i++)
            to[i * stride] = (float)(exp((double)from[i * stride] - (double)largest) / sum);
    }
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

static enum status evaluate_reduce(const struct op *op, const struct value *x, struct value *out) {
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

static void evaluate_batch_norm(const struct op *op, const struct value *in, struct value *out) {
    int64_t strides[GRAPH_RANK], elements = shape_elements(&out->shape);
    shape_strides(&in[0].shape, strides);
    const float *x = in[0].data, *scale = in[1].data, *bias = in[2].data;
    const float *mean = in[3].data, *variance = in[4].data;
    for (int64_t i = 0; i < elements; i++) {
        int64_t c = i / strides[1] % in[0].shape.dims[1];
        double factor = (double)scale[c] / sqrt((double)variance[c] + (double)op->alpha);
        ((float *)out->data)[i] =
            (float)(((double)x[i] - (double)mean[c]) * factor + (double)bias[c]);
    }
}

enum status op_evaluate_math(const struct op *op, const struct value *in, struct value *out) {
    switch ((int)op->kind) {
    case OP_MATMUL:
        return evaluate_matmul(op, in, out);
    case OP_REDUCE:
        return evaluate_reduce(op, in, out);
    case OP_SOFTMAX:
        evaluate_softmax(op, in, out);
        return STATUS_OK;
    default:
        evaluate_batch_norm(op, in, out);
        return STATUS_OK;
    }
}
