#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/op.h"

/* How many inputs each kind takes, and how many of the first must be there. */
static const struct {
    size_t least, most;
} arities[] = {
    [OP_CONV] = {2, 4},      [OP_CONV_TRANSPOSE] = {2, 3},
    [OP_MAX_POOL] = {1, 1},  [OP_AVERAGE_POOL] = {1, 1},
    [OP_RESIZE] = {1, 1},    [OP_CONCAT] = {1, GRAPH_INPUTS},
    [OP_SLICE] = {1, 1},     [OP_UNARY] = {1, 1},
    [OP_BINARY] = {2, 2},    [OP_MATMUL] = {2, 2},
    [OP_SOFTMAX] = {1, 1},   [OP_RESHAPE] = {1, 1},
    [OP_TRANSPOSE] = {1, 1}, [OP_REDUCE] = {1, 1},
    [OP_PAD] = {1, 1},       [OP_EXPAND] = {1, 1},
    [OP_GATHER] = {2, 2},    [OP_BATCH_NORM] = {5, 5},
    [OP_SHAPE] = {1, 1},     [OP_CONSTANT_OF_SHAPE] = {1, 1},
    [OP_RANGE] = {3, 3},     [OP_CAST] = {1, 1},
    [OP_WHERE] = {3, 3},     [OP_TILE] = {2, 2},
};

static enum status check_inputs(const struct graph *graph, const struct op *op) {
    if (op->kind == OP_UNKNOWN)
        return OP_FAIL(op, "this operator is not supported");
    size_t least = arities[op->kind].least, most = arities[op->kind].most;
    if (op->n_inputs < least || op->n_inputs > most)
        return OP_FAIL(op, "has %zu inputs; %zu to %zu are expected", op->n_inputs, least, most);
    for (size_t i = 0; i < op->n_inputs; i++) {
        if (op->inputs[i] < -1 || op->inputs[i] >= (int64_t)graph->n_tensors)
            return OP_FAIL(op, "input %zu is no tensor of the model", i);
        if (op->inputs[i] == -1 && (i < least || op->kind == OP_CONCAT))
            return OP_FAIL(op, "input %zu is missing", i);
    }
    return STATUS_OK;
}

enum status op_broadcast(const struct op *op, const struct shape *a, const struct shape *b,
                         struct shape *out) {
    out->rank = a->rank > b->rank ? a->rank : b->rank;
    for (size_t i = 0; i < out->rank; i++) {
        size_t skip_a = out->rank - a->rank, skip_b = out->rank - b->rank;
        int64_t dim_a = i < skip_a ? 1 : a->dims[i - skip_a];
        int64_t dim_b = i < skip_b ? 1 : b->dims[i - skip_b];
        if (dim_a != dim_b && dim_a != 1 && dim_b != 1) {
            char text_a[SHAPE_TEXT], text_b[SHAPE_TEXT];
            return OP_FAIL(op, "shapes %s and %s do not go together", shape_text(a, text_a),
                           shape_text(b, text_b));
        }
        out->dims[i] = dim_a == 1 ? dim_b : dim_a;
    }
    return STATUS_OK;
}

static enum status shape_matmul(const struct op *op, const struct shape *a, const struct shape *b,
                                struct shape *out) {
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

static enum status shape_reduce(const struct op *op, const struct shape *x, struct shape *out) {
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

static enum status shape_batch_norm(const struct op *op, const struct shape *const *in,
                                    struct shape *out) {
    if (in[0]->rank < 2)
        return OP_FAIL(op, "its input has no channels");
    for (size_t i = 1; i < 5; i++)
        if (in[i]->rank != 1 || in[i]->dims[0] != in[0]->dims[1])
            return OP_FAIL(op, "its parameters do not fit %" PRId64 " channels", in[0]->dims[1]);
    *out = *in[0];
    return STATUS_OK;
}

/* Elements of a Range, from its start, limit and delta. */
static enum status range_count(const struct op *op, enum dtype dtype, const void *const scalars[3],
                               int64_t *count) {
    double value[3];
    for (size_t i = 0; i < 3; i++)
        value[i] = dtype == DTYPE_I64 ? (double)*(const int64_t *)scalars[i]
                                      : (double)*(const float *)scalars[i];
    double n = ceil((value[1] - value[0]) / value[2]);
    if (value[2] == 0.0 || !isfinite(n) || n > 0x1p40)
        return OP_FAIL(op, "a range from %g to %g in steps of %g", value[0], value[1], value[2]);
    *count = n > 0.0 ? (int64_t)n : 0;
    return STATUS_OK;
}

/* A constant of the graph that says how large a result is. */
static enum status size_constant(const struct graph *graph, const struct op *op, size_t input,
                                 enum dtype dtype, const void **data) {
    const struct tensor *tensor = &graph->tensors[op->inputs[input]];
    if (!tensor->constant || !tensor->data)
        return OP_FAIL(op, "the size of its result is not fixed by the model");
    if (tensor->dtype != dtype || dtype == DTYPE_BOOL)
        return OP_FAIL(op, "a size of the wrong type");
    *data = tensor->data;
    return STATUS_OK;
}

static enum status shape_range(const struct graph *graph, const struct op *op,
                               const struct shape *const *in, struct shape *out) {
    enum status status = STATUS_OK;
    const void *scalars[3] = {NULL};
    enum dtype dtype = graph->tensors[op->inputs[0]].dtype;
    for (size_t i = 0; i < 3; i++) {
        if (shape_elements(in[i]) != 1) {
            status = OP_FAIL(op, "its inputs must be scalars");
            goto out;
        }
        TRY(size_constant(graph, op, i, dtype, &scalars[i]));
    }
    out->rank = 1;
    TRY(range_count(op, dtype, scalars, &out->dims[0]));
out:
    return status;
}

/* ConstantOfShape, and Tile's repeats of the input's dimensions. */
static enum status shape_from_list(const struct graph *graph, const struct op *op,
                                   const struct shape *const *in, struct shape *out) {
    enum status status;
    bool tile = op->kind == OP_TILE;
    const void *data;
    TRY(size_constant(graph, op, tile ? 1 : 0, DTYPE_I64, &data));
    const struct shape *list = in[tile ? 1 : 0];
    const int64_t *sizes = data;
    if (list->rank != 1 || list->dims[0] > GRAPH_RANK ||
        (tile && list->dims[0] != (int64_t)in[0]->rank)) {
        status = OP_FAIL(op, "a list of sizes that does not fit a tensor");
        goto out;
    }
    out->rank = (size_t)list->dims[0];
    for (size_t i = 0; i < out->rank; i++) {
        int64_t times = tile ? in[0]->dims[i] : 1;
        if (sizes[i] < 0 || __builtin_mul_overflow(times, sizes[i], &out->dims[i])) {
            status = OP_FAIL(op, "a size of %" PRId64, sizes[i]);
            goto out;
        }
    }
out:
    return status;
}

static enum status shape_by_kind(const struct graph *graph, const struct op *op,
                                 const struct shape *const *in, int64_t height, int64_t width,
                                 struct shape *out) {
    enum status status = STATUS_OK;
    struct shape common;
    switch (op->kind) {
    case OP_CONV:
    case OP_CONV_TRANSPOSE:
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
    case OP_RESIZE:
        return op_shape_window(op, in, out);
    case OP_CONCAT:
    case OP_SLICE:
    case OP_RESHAPE:
    case OP_TRANSPOSE:
    case OP_PAD:
    case OP_EXPAND:
    case OP_GATHER:
        return op_shape_move(op, in, height, width, out);
    case OP_UNARY:
    case OP_CAST:
        *out = *in[0];
        return STATUS_OK;
    case OP_SOFTMAX:
        if (op->axis < 0 || op->axis >= (int64_t)in[0]->rank)
            return OP_FAIL(op, "axis %" PRId64 " of a tensor of rank %zu", op->axis, in[0]->rank);
        *out = *in[0];
        return STATUS_OK;
    case OP_BINARY:
        return op_broadcast(op, in[0], in[1], out);
    case OP_WHERE:
        TRY(op_broadcast(op, in[0], in[1], &common));
        TRY(op_broadcast(op, &common, in[2], out));
        return STATUS_OK;
    case OP_MATMUL:
        return shape_matmul(op, in[0], in[1], out);
    case OP_REDUCE:
        return shape_reduce(op, in[0], out);
    case OP_BATCH_NORM:
        return shape_batch_norm(op, in, out);
    case OP_SHAPE:
        *out = (struct shape){.rank = 1, .dims = {(int64_t)in[0]->rank}};
        return STATUS_OK;
    case OP_RANGE:
        return shape_range(graph, op, in, out);
    case OP_CONSTANT_OF_SHAPE:
    case OP_TILE:
        return shape_from_list(graph, op, in, out);
    case OP_UNKNOWN:
        break; /* check_inputs has refused it */
    }
out:
    return status;
}

enum status op_shape(const struct graph *graph, const struct op *op, const struct shape *shapes,
                     int64_t height, int64_t width, struct shape *out) {
    enum status status;
    static const struct shape absent = {0};
    const struct shape *in[GRAPH_INPUTS];
    struct shape result = {0};
    TRY(check_inputs(graph, op));
    for (size_t i = 0; i < GRAPH_INPUTS; i++)
        in[i] = op_has_input(op, i) ? &shapes[op->inputs[i]] : &absent;
    TRY(shape_by_kind(graph, op, in, height, width, &result));
    if (shape_elements(&result) < 0) {
        char text[SHAPE_TEXT];
        status = OP_FAIL(op, "its result would have the shape %s", shape_text(&result, text));
        goto out;
    }
    *out = result;
out:
    return status;
}

enum status derivation_start(struct derivation *derivation, const struct graph *graph,
                             int64_t height, int64_t width) {
    enum status status;
    *derivation = (struct derivation){.graph = graph, .height = height, .width = width};
    TRY(memory_zeroed(graph->n_tensors, sizeof(struct shape), &derivation->shapes));
    TRY(memory_zeroed(graph->n_tensors, sizeof(enum dtype), &derivation->dtypes));
    TRY(memory_zeroed(graph->n_tensors, sizeof(bool), &derivation->known));
    if (graph->input < 0 || (size_t)graph->input >= graph->n_tensors) {
        status = FAIL(STATUS_BAD_INPUT, "the model has no input");
        goto out;
    }
    struct shape input = {.rank = 4, .dims = {1, 3, height, width}};
    if (height < 1 || width < 1 || shape_elements(&input) < 0) {
        status =
            FAIL(STATUS_BAD_INPUT, "an input of %" PRId64 " x %" PRId64 " pixels", height, width);
        goto out;
    }
    for (size_t i = 0; i < graph->n_tensors; i++) {
        const struct tensor *tensor = &graph->tensors[i];
        derivation->dtypes[i] = tensor->dtype;
        derivation->known[i] =
            tensor->constant && tensor->data && shape_elements(&tensor->shape) >= 0;
        if (derivation->known[i])
            derivation->shapes[i] = tensor->shape;
    }
    derivation->shapes[graph->input] = input;
    derivation->known[graph->input] = true;
out:
    return status;
}

enum status derivation_step(struct derivation *derivation, const struct op *op) {
    enum status status;
    const struct graph *graph = derivation->graph;
    struct value inputs[GRAPH_INPUTS] = {0};
    TRY(check_inputs(graph, op));
    for (size_t i = 0; i < op->n_inputs; i++) {
        int input = op->inputs[i];
        if (input >= 0 && !derivation->known[input]) {
            status = OP_FAIL(op, "its input '%.200s' is not computed before it",
                             graph->tensors[input].name);
            goto out;
        }
        inputs[i].dtype = input < 0 ? DTYPE_F32 : derivation->dtypes[input];
    }
    if (op->output < 0 || (size_t)op->output >= graph->n_tensors || derivation->known[op->output]) {
        status = OP_FAIL(op, "its output is no tensor of the model or has a value already");
        goto out;
    }
    TRY(op_dtype(op, inputs, &derivation->dtypes[op->output]));
    TRY(op_shape(graph, op, derivation->shapes, derivation->height, derivation->width,
                 &derivation->shapes[op->output]));
    derivation->known[op->output] = true;
out:
    return status;
}

enum status derivation_probe(struct derivation *derivation, const struct graph *graph) {
    enum status status;
    int64_t height = graph->fixed_height ? graph->fixed_height : 640;
    int64_t width = graph->fixed_width ? graph->fixed_width : 640;
    TRY(derivation_start(derivation, graph, height, width));
    for (size_t i = 0; i < graph->n_ops; i++)
        (void)derivation_step(derivation, &graph->ops[i]);
out:
    return status;
}

void derivation_free(struct derivation *derivation) {
    free(derivation->shapes);
    free(derivation->dtypes);
    free(derivation->known);
}

enum status graph_shapes(const struct graph *graph, int64_t height, int64_t width,
                         struct shape *shapes) {
    enum status status;
    struct derivation derivation;
    TRY(derivation_start(&derivation, graph, height, width));
    for (size_t i = 0; i < graph->n_ops; i++)
        TRY(derivation_step(&derivation, &graph->ops[i]));
    memcpy(shapes, derivation.shapes, graph->n_tensors * sizeof *shapes);
out:
    derivation_free(&derivation);
    return status;
}
