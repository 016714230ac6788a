/* The passes over a graph: the same results from fewer operators. */
#include "graph_evaluate.h"
#include "graph_rig.h"
#include "unit.h"

enum { HEIGHT = 9, WIDTH = 7, CHANNELS = 4 };

/* The head's first tensor, computed with a patterned image. */
static float *compute(const struct graph *graph) {
    float input[3 * HEIGHT * WIDTH], *output;
    fill_pattern(input, 3 * HEIGHT * WIDTH, 6);
    int wanted = graph->head.levels[0].boxes;
    if (graph_evaluate(graph, HEIGHT, WIDTH, input, &wanted, 1, &output) != STATUS_OK)
        fail_msg("%s", status_message());
    return output;
}

/* Runs a pass; the head's result of CHANNELS x HEIGHT x WIDTH must stay and n_ops be left. */
static void expect_pass(struct graph *graph, enum status (*pass)(struct graph *), size_t n_ops) {
    struct shape shapes[64];
    assert_true(graph->n_tensors <= 60);
    float *before = compute(graph);
    if (pass(graph) != STATUS_OK)
        fail_msg("%s", status_message());
    assert_int_equal(graph_shapes(graph, HEIGHT, WIDTH, shapes), STATUS_OK);
    assert_shape(&shapes[graph->head.levels[0].boxes], &SHAPE(1, CHANNELS, HEIGHT, WIDTH));
    float *after = compute(graph);
    float largest = 0.0f;
    for (size_t i = 0; i < CHANNELS * HEIGHT * WIDTH; i++)
        largest = fmaxf(largest, fabsf(before[i]));
    assert_true(largest > 0.0f);
    assert_floats(after, before, CHANNELS * HEIGHT * WIDTH, 1e-5f);
    assert_int_equal(graph->n_ops, n_ops);
    free(before);
    free(after);
}

static int net_batch_norm(struct graph *graph, int x, int64_t channels) {
    int inputs[4];
    for (int i = 0; i < 4; i++)
        inputs[i] = net_constant(graph, SHAPE(channels), 7 + i);
    float *variance = graph->tensors[inputs[3]].data;
    for (int64_t i = 0; i < channels; i++)
        variance[i] = fabsf(variance[i]) + 0.25f;
    int output = net_op(graph, OP_BATCH_NORM, x, inputs[0]);
    struct op *op = net_last(graph);
    op->n_inputs = 5;
    memcpy(&op->inputs[1], inputs, sizeof inputs);
    op->alpha = 1e-3f;
    return output;
}

static void batch_norm_goes_into_the_conv(void **state) {
    (void)state;
    for (int bias = 0; bias < 2; bias++) {
        struct graph graph = net_start();
        int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, bias);
        int norm = net_batch_norm(&graph, conv, 4);
        int again = net_batch_norm(&graph, norm, 4);
        net_head(&graph, again, again);
        expect_pass(&graph, graph_fold_batch_norm, 1);
        assert_int_equal(graph.ops[0].kind, OP_CONV);
        assert_int_equal(graph.ops[0].n_inputs, 3);
        graph_free(&graph);
    }
}

static void batch_norm_goes_into_the_transposed_conv(void **state) {
    (void)state;
    struct graph graph = net_start();
    int first = net_conv(&graph, graph.input, 3, 4, 1, 1, true);
    int weights = net_constant(&graph, SHAPE(4, 2, 3, 3), 4); /* 2 groups of 2 channels each */
    int up = net_op(&graph, OP_CONV_TRANSPOSE, first, weights);
    struct op *op = net_last(&graph);
    op->window = graph.ops[0].window;
    op->window.group = 2;
    for (size_t i = 0; i < 4; i++) {
        op->window.kernel[i % 2] = 3;
        op->window.pad[i] = 1;
    }
    int norm = net_batch_norm(&graph, up, 4);
    net_head(&graph, norm, norm);
    expect_pass(&graph, graph_fold_batch_norm, 2);
    graph_free(&graph);
}

/* Two convolutions share their weights; only one is followed by a BatchNorm. */
static void shared_weights_stay(void **state) {
    (void)state;
    struct graph graph = net_start();
    int a = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    int b = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    graph.ops[1].inputs[1] = graph.ops[0].inputs[1];
    graph.ops[1].inputs[2] = graph.ops[0].inputs[2];
    int norm = net_batch_norm(&graph, a, 4);
    int sum = net_binary(&graph, BINARY_SUB, norm, b);
    net_head(&graph, sum, sum);
    expect_pass(&graph, graph_fold_batch_norm, 3);
    graph_free(&graph);
}

static void lone_batch_norm_becomes_mul_and_add(void **state) {
    (void)state;
    struct graph graph = net_start();
    int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    int norm = net_batch_norm(&graph, conv, 4); /* the raw output is used below, too */
    int other = net_batch_norm(&graph, conv, 4);
    int both = net_binary(&graph, BINARY_MUL, norm, other);
    int sum = net_binary(&graph, BINARY_ADD, both, conv);
    net_head(&graph, sum, sum);
    expect_pass(&graph, graph_fold_batch_norm, 7);
    for (size_t i = 0; i < graph.n_ops; i++)
        assert_int_not_equal(graph.ops[i].kind, OP_BATCH_NORM);
    assert_int_equal(graph.ops[1].binary, BINARY_MUL);
    assert_int_equal(graph.ops[2].binary, BINARY_ADD);
    assert_shape(&graph.tensors[graph.ops[1].inputs[1]].shape, &SHAPE(1, 4, 1, 1));
    graph_free(&graph);
}

static void batch_norm_of_unfixed_parameters_stays(void **state) {
    (void)state;
    struct graph graph = net_start();
    int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    int norm = net_batch_norm(&graph, conv, 4);
    int scale = net_activation(&graph, graph.ops[1].inputs[1], ACTIVATION_RELU);
    graph.ops[1].inputs[1] = scale;
    struct op last = graph.ops[2]; /* the activation belongs before the BatchNorm */
    graph.ops[2] = graph.ops[1];
    graph.ops[1] = last;
    net_head(&graph, norm, norm);
    expect_pass(&graph, graph_fold_batch_norm, 3);
    assert_int_equal(graph.ops[2].kind, OP_BATCH_NORM);
    graph_free(&graph);
}

static int gate(struct graph *graph, int x, enum activation activation, bool gate_first) {
    int gated = net_activation(graph, x, activation);
    net_last(graph)->alpha = 1.0f / 6.0f;
    net_last(graph)->beta = 0.5f;
    if (gate_first)
        return net_binary(graph, BINARY_MUL, gated, x);
    return net_binary(graph, BINARY_MUL, x, gated);
}

static void gates_become_activations_of_the_conv(void **state) {
    (void)state;
    const enum activation spelled[] = {ACTIVATION_SIGMOID, ACTIVATION_HARD_SIGMOID};
    const enum activation fused[] = {ACTIVATION_SILU, ACTIVATION_HARD_SWISH};
    for (int i = 0; i < 4; i++) {
        struct graph graph = net_start();
        int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
        int out = gate(&graph, conv, spelled[i / 2], i % 2);
        net_head(&graph, out, out);
        expect_pass(&graph, graph_fuse, 1);
        assert_int_equal(graph.ops[0].activation, fused[i / 2]);
        assert_int_equal(graph.ops[0].output, out);
        graph_free(&graph);
    }
    struct graph graph = net_start();
    int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    int soft = net_activation(&graph, conv, ACTIVATION_SOFTPLUS);
    int out = gate(&graph, soft, ACTIVATION_TANH, false);
    graph.ops[3].inputs[0] = conv;
    net_head(&graph, out, out);
    expect_pass(&graph, graph_fuse, 1);
    assert_int_equal(graph.ops[0].activation, ACTIVATION_MISH);
    graph_free(&graph);
}

static void other_gates_stay(void **state) {
    (void)state;
    struct graph graph = net_start(); /* sigmoid of one map times another */
    int a = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    int b = net_conv(&graph, graph.input, 3, 4, 1, 1, true);
    int gated = net_activation(&graph, a, ACTIVATION_SIGMOID);
    int out = net_binary(&graph, BINARY_MUL, gated, b);
    net_head(&graph, out, out);
    expect_pass(&graph, graph_fuse, 3);
    assert_int_equal(graph.ops[0].activation, ACTIVATION_SIGMOID);
    graph_free(&graph);

    graph = net_start(); /* the sigmoid is a result, too */
    a = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    out = gate(&graph, a, ACTIVATION_SIGMOID, false);
    net_head(&graph, out, graph.ops[1].output);
    expect_pass(&graph, graph_fuse, 3);
    graph_free(&graph);

    graph = net_start(); /* another slope is no HardSwish */
    a = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    out = gate(&graph, a, ACTIVATION_HARD_SIGMOID, false);
    graph.ops[1].alpha = 0.2f;
    net_head(&graph, out, out);
    expect_pass(&graph, graph_fuse, 3);
    graph_free(&graph);
}

static void activation_goes_into_the_conv_unless_the_raw_map_is_used(void **state) {
    (void)state;
    struct graph graph = net_start();
    int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, false);
    int active = net_activation(&graph, conv, ACTIVATION_LEAKY_RELU);
    net_last(&graph)->alpha = 0.125f;
    int twice = net_activation(&graph, active, ACTIVATION_TANH); /* one activation a conv */
    net_head(&graph, twice, twice);
    expect_pass(&graph, graph_fuse, 2);
    assert_int_equal(graph.ops[0].activation, ACTIVATION_LEAKY_RELU);
    graph_free(&graph);

    graph = net_start();
    conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    active = net_activation(&graph, conv, ACTIVATION_SIGMOID);
    net_head(&graph, active, conv); /* the head reads the logits */
    expect_pass(&graph, graph_fuse, 2);
    assert_int_equal(graph.ops[0].activation, ACTIVATION_NONE);
    graph_free(&graph);
}

/* A bottleneck: x + silu(conv(silu(conv(x)))). */
static void add_becomes_the_residual(void **state) {
    (void)state;
    struct graph graph = net_start();
    int stem = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    int x = gate(&graph, stem, ACTIVATION_SIGMOID, false);
    int a = gate(&graph, net_conv(&graph, x, 4, 4, 1, 1, true), ACTIVATION_SIGMOID, false);
    int b = gate(&graph, net_conv(&graph, a, 4, 4, 3, 1, false), ACTIVATION_SIGMOID, false);
    int sum = net_binary(&graph, BINARY_ADD, x, b);
    net_head(&graph, sum, sum);
    expect_pass(&graph, graph_fuse, 3);
    const struct op *op = net_last(&graph);
    assert_int_equal(op->kind, OP_CONV);
    assert_int_equal(op->n_inputs, 4);
    assert_int_equal(op->inputs[2], -1);
    assert_int_equal(op->inputs[3], x);
    assert_int_equal(op->output, sum);
    graph_free(&graph);
}

/* The residual is computed after the convolution that takes it in. */
static void residual_may_come_later(void **state) {
    (void)state;
    struct graph graph = net_start();
    int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    int other = net_conv(&graph, graph.input, 3, 4, 1, 1, true);
    int scale = net_constant(&graph, SHAPE(1, 4, 1, 1), 9);
    int later = net_binary(&graph, BINARY_MUL, other, scale);
    int sum = net_binary(&graph, BINARY_ADD, conv, later);
    net_head(&graph, sum, sum);
    expect_pass(&graph, graph_fuse, 3);
    assert_int_equal(net_last(&graph)->inputs[3], later);
    graph_free(&graph);

    graph = net_start(); /* two convolutions: one takes in the other */
    conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    other = net_conv(&graph, graph.input, 3, 4, 1, 1, true);
    sum = net_binary(&graph, BINARY_ADD, other, conv);
    net_head(&graph, sum, sum);
    expect_pass(&graph, graph_fuse, 2);
    assert_int_equal(net_last(&graph)->inputs[3], conv);
    graph_free(&graph);
}

static void other_adds_stay(void **state) {
    (void)state;
    struct graph graph = net_start(); /* broadcasting */
    int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    int one = net_conv(&graph, graph.input, 3, 1, 3, 1, true);
    int flat = net_activation(&graph, one, ACTIVATION_RELU);
    int sum = net_binary(&graph, BINARY_ADD, conv, flat);
    net_head(&graph, sum, sum);
    expect_pass(&graph, graph_fuse, 3);
    graph_free(&graph);

    graph = net_start(); /* a constant */
    conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    int constant = net_constant(&graph, SHAPE(1, 4, HEIGHT, WIDTH), 3);
    sum = net_binary(&graph, BINARY_ADD, conv, constant);
    graph.fixed_height = HEIGHT;
    graph.fixed_width = WIDTH;
    net_head(&graph, sum, sum);
    expect_pass(&graph, graph_fuse, 2);
    graph_free(&graph);

    graph = net_start(); /* its own output twice, or used elsewhere */
    conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    sum = net_binary(&graph, BINARY_ADD, conv, conv);
    net_head(&graph, sum, sum);
    expect_pass(&graph, graph_fuse, 2);
    net_head(&graph, sum, conv);
    expect_pass(&graph, graph_fuse, 2);
    graph_free(&graph);
}

static void prune_keeps_what_the_head_needs(void **state) {
    (void)state;
    struct graph graph = {0};
    int unused = net_constant(&graph, SHAPE(100), 1); /* the input is not tensor 0 here */
    assert_int_equal(graph_add_tensor(&graph, "images", &graph.input), STATUS_OK);
    int dead = net_conv(&graph, graph.input, 3, 8, 3, 1, true);
    (void)net_op(&graph, OP_UNKNOWN, dead, -1);
    int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    int scores = net_activation(&graph, conv, ACTIVATION_SIGMOID);
    (void)net_activation(&graph, scores, ACTIVATION_RELU);
    net_head(&graph, conv, scores);
    graph.tensors[unused].name[0] = 'u';
    expect_pass(&graph, graph_prune, 2);
    assert_int_equal(graph.n_tensors, 5); /* image, weights, bias, conv, scores */
    assert_int_equal(graph.head.levels[0].boxes, graph.ops[0].output);
    assert_int_equal(graph.head.levels[0].scores, graph.ops[1].output);
    assert_int_equal(graph.input, 0);
    assert_string_equal(graph.tensors[0].name, "images");
    for (size_t i = 0; i < graph.n_tensors; i++)
        assert_true(graph.tensors[i].name[0] != 'u');
    graph_free(&graph);
}

static void prune_of_a_final_map_ignores_scores(void **state) {
    (void)state;
    struct graph graph = net_start();
    int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    net_head(&graph, conv, -1);
    graph.head.kind = HEAD_FINAL;
    expect_pass(&graph, graph_prune, 1);
    assert_int_equal(graph.head.levels[0].scores, graph.head.levels[0].boxes);
    graph_free(&graph);
}

static void passes_refuse_what_is_no_graph(void **state) {
    (void)state;
    struct graph graph = net_start();
    int conv = net_conv(&graph, graph.input, 3, 4, 3, 1, true);
    assert_int_equal(graph_prune(&graph), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "no detection head"));
    net_head(&graph, conv, 77);
    assert_int_equal(graph_prune(&graph), STATUS_BAD_INPUT);
    assert_int_equal(graph_fuse(&graph), STATUS_BAD_INPUT);
    graph.head.n_levels = 0;
    graph.ops[0].output = -1;
    assert_int_equal(graph_fuse(&graph), STATUS_BAD_INPUT);
    graph.ops[0].output = conv;
    graph.ops[0].inputs[2] = 1 << 20;
    assert_int_equal(graph_fuse(&graph), STATUS_BAD_INPUT);
    graph_free(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_norm_goes_into_the_conv),
        cmocka_unit_test(batch_norm_goes_into_the_transposed_conv),
        cmocka_unit_test(shared_weights_stay),
        cmocka_unit_test(lone_batch_norm_becomes_mul_and_add),
        cmocka_unit_test(batch_norm_of_unfixed_parameters_stays),
        cmocka_unit_test(gates_become_activations_of_the_conv),
        cmocka_unit_test(other_gates_stay),
        cmocka_unit_test(activation_goes_into_the_conv_unless_the_raw_map_is_used),
        cmocka_unit_test(add_becomes_the_residual),
        cmocka_unit_test(residual_may_come_later),
        cmocka_unit_test(other_adds_stay),
        cmocka_unit_test(prune_keeps_what_the_head_needs),
        cmocka_unit_test(prune_of_a_final_map_ignores_scores),
        cmocka_unit_test(passes_refuse_what_is_no_graph),
    };
    return RUN_TESTS(tests);
}
