/* What the graph's tests share: an operator with constant inputs that can be run alone, and a
 * whole graph that is built line by line. */
#ifndef VERIFY_TEST_GRAPH_RIG_H
#define VERIFY_TEST_GRAPH_RIG_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/graph.h"

#define SHAPE(...)                                                                                 \
    ((struct shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                    \
                    .dims = {__VA_ARGS__}})
#define SCALAR ((struct shape){0})

#define FLOATS(...)   ((const float[]){__VA_ARGS__})
#define INTEGERS(...) ((const int64_t[]){__VA_ARGS__})
#define BOOLEANS(...) ((const char[]){__VA_ARGS__})

enum { RIG_SHAPES = 16 };

/* One operator; add inputs, set rig.op's attributes, run. */
struct rig {
    struct graph graph;
    struct op op;
    struct shape shapes[RIG_SHAPES];
    struct value out; /* of the last run; data owned */
};

/* The inputs of tests/data/make_evaluate_cases.py. */
static inline void fill_pattern(float *data, int64_t elements, int64_t seed) {
    for (int64_t i = 0; i < elements; i++)
        data[i] = (float)((i * 37 + seed * 11) % 64 - 32) / 16.0f;
}

static inline struct rig rig_start(enum op_kind kind) {
    static char node[] = "/model.0/node", type[] = "Type";
    struct rig rig = {.op = {.kind = kind, .name = node, .type_name = type}};
    for (size_t i = 0; i < 2; i++) {
        rig.op.window.kernel[i] = rig.op.window.stride[i] = rig.op.window.dilation[i] = 1;
        rig.op.scale[i] = 1.0f;
    }
    rig.op.window.group = 1;
    for (size_t i = 0; i < GRAPH_RANK; i++)
        rig.op.slice[i] = (struct slice_range){0, INT64_MAX, 1};
    return rig;
}

static inline void rig_window(struct rig *rig, int64_t kernel_y, int64_t kernel_x, int64_t stride_y,
                              int64_t stride_x) {
    rig->op.window.kernel[0] = kernel_y;
    rig->op.window.kernel[1] = kernel_x;
    rig->op.window.stride[0] = stride_y;
    rig->op.window.stride[1] = stride_x;
}

static inline void rig_pad(struct rig *rig, int64_t top, int64_t left, int64_t bottom,
                           int64_t right) {
    memcpy(rig->op.window.pad, (int64_t[]){top, left, bottom, right}, 4 * sizeof(int64_t));
}

static inline void *rig_input(struct rig *rig, enum dtype dtype, struct shape shape) {
    int index;
    assert_int_equal(graph_add_tensor(&rig->graph, "constant", &index), STATUS_OK);
    assert_true(index < RIG_SHAPES);
    assert_int_equal(graph_make_constant(&rig->graph, index, dtype, &shape), STATUS_OK);
    rig->shapes[index] = shape;
    rig->op.inputs[rig->op.n_inputs++] = index;
    return rig->graph.tensors[index].data;
}

static inline void rig_pattern(struct rig *rig, int64_t seed, struct shape shape) {
    fill_pattern(rig_input(rig, DTYPE_F32, shape), shape_elements(&shape), seed);
}

static inline void rig_floats(struct rig *rig, struct shape shape, const float *values) {
    memcpy(rig_input(rig, DTYPE_F32, shape), values,
           (size_t)shape_elements(&shape) * sizeof *values);
}

static inline void rig_integers(struct rig *rig, struct shape shape, const int64_t *values) {
    memcpy(rig_input(rig, DTYPE_I64, shape), values,
           (size_t)shape_elements(&shape) * sizeof *values);
}

static inline void rig_booleans(struct rig *rig, struct shape shape, const char *values) {
    memcpy(rig_input(rig, DTYPE_BOOL, shape), values, (size_t)shape_elements(&shape));
}

/* Type, shape, memory, evaluation: what an importer does to fold a constant. */
static inline enum status rig_run(struct rig *rig) {
    struct value inputs[GRAPH_INPUTS] = {0};
    free(rig->out.data);
    rig->out = (struct value){0};
    for (size_t i = 0; i < rig->op.n_inputs; i++) {
        if (rig->op.inputs[i] < 0)
            continue;
        const struct tensor *tensor = &rig->graph.tensors[rig->op.inputs[i]];
        inputs[i] = (struct value){tensor->dtype, tensor->shape, tensor->data};
    }
    enum status status = op_dtype(&rig->op, inputs, &rig->out.dtype);
    if (status == STATUS_OK)
        status = op_shape(&rig->graph, &rig->op, rig->shapes, 640, 640, &rig->out.shape);
    if (status != STATUS_OK)
        return status;
    rig->out.data = malloc((size_t)shape_elements(&rig->out.shape) * dtype_size(rig->out.dtype));
    assert_non_null(rig->out.data);
    return op_evaluate(&rig->op, inputs, &rig->out);
}

static inline void rig_end(struct rig *rig) {
    free(rig->out.data);
    graph_free(&rig->graph);
}

static inline void assert_shape(const struct shape *actual, const struct shape *expected) {
    char actual_text[SHAPE_TEXT], expected_text[SHAPE_TEXT];
    assert_string_equal(shape_text(actual, actual_text), shape_text(expected, expected_text));
}

static inline void assert_floats(const float *actual, const float *expected, int64_t elements,
                                 float tolerance) {
    for (int64_t i = 0; i < elements; i++) {
        float scale = fmaxf(1.0f, fabsf(expected[i]));
        if (actual[i] != expected[i] && !(fabsf(actual[i] - expected[i]) <= tolerance * scale))
            fail_msg("element %lld is %.9g; %.9g is expected", (long long)i, (double)actual[i],
                     (double)expected[i]);
    }
}

/* Runs, compares and frees. */
static inline void rig_expect(struct rig *rig, struct shape shape, const float *expected) {
    if (rig_run(rig) != STATUS_OK)
        fail_msg("%s", status_message());
    assert_shape(&rig->out.shape, &shape);
    assert_int_equal(rig->out.dtype, DTYPE_F32);
    assert_floats(rig->out.data, expected, shape_elements(&shape), 2e-6f);
    rig_end(rig);
}

static inline void rig_expect_integers(struct rig *rig, struct shape shape,
                                       const int64_t *expected) {
    if (rig_run(rig) != STATUS_OK)
        fail_msg("%s", status_message());
    assert_shape(&rig->out.shape, &shape);
    assert_int_equal(rig->out.dtype, DTYPE_I64);
    for (int64_t i = 0; i < shape_elements(&shape); i++)
        assert_int_equal(((const int64_t *)rig->out.data)[i], expected[i]);
    rig_end(rig);
}

static inline void rig_expect_booleans(struct rig *rig, struct shape shape, const char *expected) {
    if (rig_run(rig) != STATUS_OK)
        fail_msg("%s", status_message());
    assert_shape(&rig->out.shape, &shape);
    assert_int_equal(rig->out.dtype, DTYPE_BOOL);
    assert_memory_equal(rig->out.data, expected, (size_t)shape_elements(&shape));
    rig_end(rig);
}

/* Expects a refusal that names the operator, its node and this. */
static inline void rig_refuse(struct rig *rig, const char *reason) {
    assert_int_equal(rig_run(rig), STATUS_BAD_INPUT);
    if (!strstr(status_message(), reason) ||
        !strstr(status_message(), "operator Type, node '/model.0/node': "))
        fail_msg("the message is \"%s\"; it should say \"%s\"", status_message(), reason);
    rig_end(rig);
}

/* A graph under construction: its input is tensor 0. */
static inline struct graph net_start(void) {
    struct graph graph = {0};
    assert_int_equal(graph_add_tensor(&graph, "images", &graph.input), STATUS_OK);
    return graph;
}

static inline int net_constant(struct graph *graph, struct shape shape, int64_t seed) {
    int index;
    assert_int_equal(graph_add_tensor(graph, "weights", &index), STATUS_OK);
    assert_int_equal(graph_make_constant(graph, index, DTYPE_F32, &shape), STATUS_OK);
    fill_pattern(graph->tensors[index].data, shape_elements(&shape), seed);
    return index;
}

/* Appends an operator with one or two inputs (b: -1 for one); its attributes are the last one's
 * to be set. Returns its output. */
static inline int net_op(struct graph *graph, enum op_kind kind, int a, int b) {
    size_t index;
    int output;
    struct rig defaults = rig_start(kind);
    assert_int_equal(graph_add_tensor(graph, "feature", &output), STATUS_OK);
    assert_int_equal(graph_add_op(graph, kind, "node", "Type", &index), STATUS_OK);
    struct op *op = &graph->ops[index];
    char *name = op->name, *type_name = op->type_name;
    *op = defaults.op;
    op->name = name;
    op->type_name = type_name;
    op->n_inputs = b < 0 ? 1 : 2;
    op->inputs[0] = a;
    op->inputs[1] = b;
    op->output = output;
    return output;
}

static inline struct op *net_last(struct graph *graph) {
    return &graph->ops[graph->n_ops - 1];
}

/* A convolution that keeps the size at stride 1. */
static inline int net_conv(struct graph *graph, int x, int64_t from, int64_t to, int64_t kernel,
                           int64_t stride, bool bias) {
    int weights = net_constant(graph, SHAPE(to, from, kernel, kernel), to + kernel);
    int constant = bias ? net_constant(graph, SHAPE(to), from) : -1;
    int output = net_op(graph, OP_CONV, x, weights);
    struct op *op = net_last(graph);
    op->n_inputs = bias ? 3 : 2;
    op->inputs[2] = constant;
    for (size_t i = 0; i < 4; i++) {
        op->window.kernel[i % 2] = kernel;
        op->window.stride[i % 2] = stride;
        op->window.pad[i] = kernel / 2;
    }
    return output;
}

static inline int net_activation(struct graph *graph, int x, enum activation activation) {
    int output = net_op(graph, OP_UNARY, x, -1);
    net_last(graph)->activation = activation;
    return output;
}

static inline int net_binary(struct graph *graph, enum binary binary, int a, int b) {
    int output = net_op(graph, OP_BINARY, a, b);
    net_last(graph)->binary = binary;
    return output;
}

/* Makes a tensor the graph's only result. */
static inline void net_head(struct graph *graph, int boxes, int scores) {
    graph->head.kind = HEAD_DISTANCE;
    graph->head.n_levels = 1;
    graph->head.levels[0].boxes = boxes;
    graph->head.levels[0].scores = scores;
}

#endif
