/* Matrix products. */
#include <stdlib.h>

#include "base/memory.h"
#include "model/operators/operator.h"
#include "model/operators/walk.h"

static enum status shape_matmul(const struct op *op, const struct shape_inputs *inputs,
                                struct shape *out) {
    const struct shape *a = inputs->in[0], *b = inputs->in[1];
    char text_a[SHAPE_TEXT], text_b[SHAPE_TEXT];
    struct shape batch_a = *a, batch_b = *b;
    if (!a->rank || !b->rank)
        return OP_FAIL(op, "a matrix product of a scalar");
    int64_t inner = a->dims[a->rank - 1];
    if (inner != b->dims[b->rank == 1 ? 0 : b->rank - 2])
        return OP_FAIL(op, "matrices %s and %s cannot be multiplied", shape_text(a, text_a),
                       shape_text(b, text_b));
    batch_a.rank = a->rank > 2 ? a->rank - 2 : 0;
    batch_b.rank = b->rank > 2 ? b->rank - 2 : 0;
    enum status status = op_broadcast(op, &batch_a, &batch_b, out);
    if (status == STATUS_OK && a->rank > 1)
        out->dims[out->rank++] = a->dims[a->rank - 2];
    if (status == STATUS_OK && b->rank > 1)
        out->dims[out->rank++] = b->dims[b->rank - 1];
    return status;
}

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

static void cost_matmul(const struct op *op, const struct shape *const *in, const struct shape *out,
                        struct op_cost *cost) {
    (void)op;
    const struct shape *a = in[0];
    double inner = (double)a->dims[a->rank - 1];
    double pieces = in[1]->rank == 1 ? shape_cost(out) : cost->pieces;
    cost->multiply_adds *= inner;
    cost->pieces = pieces * (inner / 4.0); /* cheaper than other rows */
}

const struct operator_row operator_matmul = {
    .name = "MatMul",
    .least = 2,
    .most = 2,
    .multiplies = true,
    .weighs = true,
    .dtype = op_dtype_float,
    .shape = shape_matmul,
    .evaluate = evaluate_matmul,
    .element_steps = 1.0,
    .cost = cost_matmul,
    .read_onnx = op_read_plain,
};
