/* The table of operators, and what is done with any of them by its row. */
#include "model/operators/operator.h"

static enum status refuse_unknown(const struct op *op) {
    return OP_FAIL(op, "this operator is not supported");
}

static enum status dtype_unknown(const struct op *op, const struct value *in, enum dtype *out) {
    (void)in;
    *out = DTYPE_F32;
    return refuse_unknown(op);
}

static const struct operator unknown = {
    .name = "unknown", .of_shapes = true, .dtype = dtype_unknown, .element_steps = 1.0};

const struct operator* operator_of(enum op_kind kind) {
    static const struct operator* const operators[] = {
#define OPERATOR(kind, name) [kind] = &operator_##name,
#include "model/operators/list.h"
#undef OPERATOR
        [OP_UNKNOWN] = &unknown};
    _Static_assert(sizeof operators / sizeof operators[0] == OP_KINDS, "a row for each kind");
    return operators[kind];
}

enum status op_check_inputs(const struct graph *graph, const struct op *op) {
    const struct operator* row = operator_of(op->kind);
    if (op->kind == OP_UNKNOWN)
        return refuse_unknown(op);
    if (op->n_inputs < row->least || op->n_inputs > row->most)
        return OP_FAIL(op, "has %zu inputs; %zu to %zu are expected", op->n_inputs, row->least,
                       row->most);
    for (size_t i = 0; i < op->n_inputs; i++) {
        if (op->inputs[i] < -1 || op->inputs[i] >= (int64_t)graph->n_tensors)
            return OP_FAIL(op, "input %zu is not a tensor of the model", i);
        if (op->inputs[i] == -1 && (i < row->least || op->kind == OP_CONCAT))
            return OP_FAIL(op, "input %zu is missing", i);
    }
    return STATUS_OK;
}

enum status op_dtype(const struct op *op, const struct value *in, enum dtype *out) {
    const struct operator* row = operator_of(op->kind);
    *out = op->n_inputs ? in[0].dtype : DTYPE_F32;
    return row->dtype ? row->dtype(op, in, out) : STATUS_OK;
}

enum status op_shape(const struct graph *graph, const struct op *op, const struct shape *shapes,
                     int64_t height, int64_t width, struct shape *out) {
    enum status status;
    static const struct shape absent = {0};
    const struct shape *in[GRAPH_INPUTS];
    struct shape_inputs inputs = {.in = in, .graph = graph, .height = height, .width = width};
    struct shape result = {0};
    TRY(op_check_inputs(graph, op));
    for (size_t i = 0; i < GRAPH_INPUTS; i++)
        in[i] = op_has_input(op, i) ? &shapes[op->inputs[i]] : &absent;
    const struct operator* row = operator_of(op->kind);
    if (row->shape)
        TRY(row->shape(op, &inputs, &result));
    else
        result = *in[0];
    if (shape_elements(&result) < 0) {
        char text[SHAPE_TEXT];
        status = OP_FAIL(op, "its result would have the shape %s", shape_text(&result, text));
        goto out;
    }
    *out = result;
out:
    return status;
}

enum status op_evaluate(const struct op *op, const struct value *inputs, struct value *out) {
    enum status status;
    enum dtype dtype;
    TRY(op_dtype(op, inputs, &dtype));
    if (out->dtype != dtype) {
        status = OP_FAIL(op, "its output is of another type");
        goto out;
    }
    if (shape_elements(&out->shape) != 0)
        TRY(operator_of(op->kind)->evaluate(op, inputs, out));
out:
    return status;
}
