/* op_evaluate of windows and matrices against PyTorch's results; graph_evaluate. */
#include "evaluate_cases.h"
#include "graph_evaluate.h"
#include "graph_rig.h"
#include "unit.h"

#define EXPECT(rig, name) rig_expect(&(rig), name##_shape, name)

static void convolutions(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_CONV);
    rig_pattern(&rig, 1, SHAPE(1, 3, 5, 7));
    rig_pattern(&rig, 2, SHAPE(4, 3, 3, 3));
    rig_window(&rig, 3, 3, 1, 1);
    rig_pad(&rig, 1, 1, 1, 1);
    EXPECT(rig, conv_plain);

    rig = rig_start(OP_CONV);
    rig_pattern(&rig, 1, SHAPE(1, 3, 7, 6));
    rig_pattern(&rig, 2, SHAPE(2, 3, 3, 3));
    rig_pattern(&rig, 3, SHAPE(2));
    rig_window(&rig, 3, 3, 2, 2);
    rig_pad(&rig, 1, 1, 1, 1);
    EXPECT(rig, conv_stride);

    rig = rig_start(OP_CONV);
    rig_pattern(&rig, 1, SHAPE(1, 4, 4, 5));
    rig_pattern(&rig, 2, SHAPE(6, 2, 3, 2));
    rig_pattern(&rig, 3, SHAPE(6));
    rig_window(&rig, 3, 2, 1, 1);
    rig.op.window.group = 2;
    EXPECT(rig, conv_group);

    rig = rig_start(OP_CONV);
    rig_pattern(&rig, 1, SHAPE(2, 3, 4, 4));
    rig_pattern(&rig, 2, SHAPE(3, 1, 3, 3));
    rig_window(&rig, 3, 3, 1, 1);
    rig_pad(&rig, 1, 1, 1, 1);
    rig.op.window.group = 3;
    EXPECT(rig, conv_depthwise);

    rig = rig_start(OP_CONV);
    rig_pattern(&rig, 1, SHAPE(1, 2, 9, 8));
    rig_pattern(&rig, 2, SHAPE(2, 2, 3, 3));
    rig_window(&rig, 3, 3, 1, 1);
    rig_pad(&rig, 2, 1, 2, 1);
    rig.op.window.dilation[0] = 3;
    rig.op.window.dilation[1] = 2;
    EXPECT(rig, conv_dilation);

    rig = rig_start(OP_CONV);
    rig_pattern(&rig, 1, SHAPE(1, 2, 4, 5));
    rig_pattern(&rig, 2, SHAPE(1, 2, 3, 4));
    rig_pattern(&rig, 3, SHAPE(1));
    rig_window(&rig, 3, 4, 1, 2);
    rig_pad(&rig, 0, 2, 3, 1);
    EXPECT(rig, conv_asymmetric);
}

static void conv_adds_its_residual_after_the_activation(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_CONV);
    rig_pattern(&rig, 1, SHAPE(1, 2, 3, 4));
    rig_pattern(&rig, 2, SHAPE(3, 2, 1, 1));
    rig_pattern(&rig, 3, SHAPE(3));
    rig_pattern(&rig, 4, SHAPE(1, 3, 3, 4));
    rig.op.activation = ACTIVATION_SILU;
    EXPECT(rig, conv_silu_residual);

    rig = rig_start(OP_CONV); /* without a bias */
    rig_floats(&rig, SHAPE(1, 1, 1, 2), FLOATS(1, -1));
    rig_floats(&rig, SHAPE(1, 1, 1, 1), FLOATS(3));
    rig_floats(&rig, SHAPE(1, 1, 1, 2), FLOATS(0.5f, 0.25f));
    rig.op.n_inputs = 4;
    rig.op.inputs[3] = rig.op.inputs[2];
    rig.op.inputs[2] = -1;
    rig.op.activation = ACTIVATION_LEAKY_RELU;
    rig.op.alpha = 0.1f;
    rig_expect(&rig, SHAPE(1, 1, 1, 2), FLOATS(3.5f, -0.05f));
}

static void transposed_convolutions(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_CONV_TRANSPOSE);
    rig_pattern(&rig, 1, SHAPE(1, 3, 3, 4));
    rig_pattern(&rig, 2, SHAPE(3, 2, 2, 2));
    rig_pattern(&rig, 3, SHAPE(2));
    rig_window(&rig, 2, 2, 2, 2);
    EXPECT(rig, transpose_plain);

    rig = rig_start(OP_CONV_TRANSPOSE);
    rig_pattern(&rig, 1, SHAPE(1, 2, 4, 3));
    rig_pattern(&rig, 2, SHAPE(2, 3, 3, 3));
    rig_window(&rig, 3, 3, 2, 3);
    rig_pad(&rig, 1, 1, 1, 1);
    rig.op.window.output_padding[0] = 1;
    rig.op.window.output_padding[1] = 2;
    EXPECT(rig, transpose_padded);

    rig = rig_start(OP_CONV_TRANSPOSE);
    rig_pattern(&rig, 1, SHAPE(1, 4, 3, 3));
    rig_pattern(&rig, 2, SHAPE(4, 2, 3, 2));
    rig_pattern(&rig, 3, SHAPE(4));
    rig_window(&rig, 3, 2, 2, 2);
    rig.op.window.group = 2;
    rig.op.window.dilation[0] = rig.op.window.dilation[1] = 2;
    EXPECT(rig, transpose_group);
}

static void pools(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_MAX_POOL);
    rig_pattern(&rig, 1, SHAPE(1, 2, 6, 7));
    rig_window(&rig, 5, 5, 1, 1);
    rig_pad(&rig, 2, 2, 2, 2);
    EXPECT(rig, max_pool);

    rig = rig_start(OP_MAX_POOL);
    rig_pattern(&rig, 1, SHAPE(1, 1, 6, 7));
    rig_window(&rig, 2, 2, 3, 3);
    rig_pad(&rig, 1, 1, 1, 1);
    rig.op.window.ceil_mode = true;
    EXPECT(rig, max_pool_ceil);

    rig = rig_start(OP_MAX_POOL);
    rig_pattern(&rig, 1, SHAPE(1, 1, 7, 8));
    rig_window(&rig, 2, 3, 2, 1);
    rig_pad(&rig, 0, 1, 0, 1);
    rig.op.window.dilation[0] = 3;
    rig.op.window.dilation[1] = 2;
    EXPECT(rig, max_pool_dilation);

    rig = rig_start(OP_AVERAGE_POOL);
    rig_pattern(&rig, 1, SHAPE(1, 2, 5, 6));
    rig_window(&rig, 3, 3, 2, 2);
    rig_pad(&rig, 1, 1, 1, 1);
    EXPECT(rig, average_pool);

    rig = rig_start(OP_AVERAGE_POOL);
    rig_pattern(&rig, 1, SHAPE(1, 1, 4, 6));
    rig_window(&rig, 3, 3, 2, 2);
    rig_pad(&rig, 1, 1, 1, 1);
    rig.op.window.ceil_mode = true;
    rig.op.pool_count_padding = true;
    EXPECT(rig, average_pool_padding);
}

static void padding_never_wins_a_max_pool(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_MAX_POOL);
    rig_floats(&rig, SHAPE(1, 1, 1, 2), FLOATS(-5, -7));
    rig_window(&rig, 2, 2, 1, 1);
    rig_pad(&rig, 1, 1, 0, 1);
    rig_expect(&rig, SHAPE(1, 1, 1, 3), FLOATS(-5, -5, -7));
}

static void resizes(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_RESIZE);
    rig_pattern(&rig, 1, SHAPE(1, 2, 3, 2));
    rig.op.scale[0] = rig.op.scale[1] = 2.0f;
    EXPECT(rig, resize_double);

    rig = rig_start(OP_RESIZE);
    rig_pattern(&rig, 1, SHAPE(1, 1, 5, 4));
    rig.op.scale[0] = 1.5f;
    rig.op.scale[1] = 0.75f;
    EXPECT(rig, resize_fraction);
}

static void matrix_products(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_MATMUL);
    rig_pattern(&rig, 1, SHAPE(2, 1, 3, 4));
    rig_pattern(&rig, 2, SHAPE(3, 4, 2));
    EXPECT(rig, matmul_batch);

    rig = rig_start(OP_MATMUL);
    rig_pattern(&rig, 1, SHAPE(4));
    rig_pattern(&rig, 2, SHAPE(2, 4, 3));
    EXPECT(rig, matmul_left_vector);

    rig = rig_start(OP_MATMUL);
    rig_pattern(&rig, 1, SHAPE(2, 3, 4));
    rig_pattern(&rig, 2, SHAPE(4));
    EXPECT(rig, matmul_right_vector);

    rig = rig_start(OP_MATMUL);
    rig_floats(&rig, SHAPE(3), FLOATS(1, 2, 3));
    rig_floats(&rig, SHAPE(3), FLOATS(4, 5, 6));
    rig_expect(&rig, SCALAR, FLOATS(32));

    rig = rig_start(OP_MATMUL); /* an empty sum */
    rig_pattern(&rig, 1, SHAPE(2, 0));
    rig_pattern(&rig, 2, SHAPE(0, 1));
    rig_expect(&rig, SHAPE(2, 1), FLOATS(0, 0));
}

static void softmax(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_SOFTMAX);
    rig_pattern(&rig, 1, SHAPE(2, 4, 3));
    rig.op.axis = 1;
    EXPECT(rig, softmax_middle);

    rig = rig_start(OP_SOFTMAX); /* logits near 1000: exp() alone would overflow */
    rig_pattern(&rig, 1, SHAPE(2, 4, 3));
    for (int i = 0; i < 24; i++)
        ((float *)rig.graph.tensors[0].data)[i] += 1000.0f;
    rig.op.axis = 2;
    EXPECT(rig, softmax_last);
}

static void batch_norm_alone(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_BATCH_NORM);
    rig_pattern(&rig, 1, SHAPE(1, 3, 2, 3));
    rig_pattern(&rig, 2, SHAPE(3));
    rig_pattern(&rig, 3, SHAPE(3));
    rig_pattern(&rig, 4, SHAPE(3));
    rig_pattern(&rig, 5, SHAPE(3));
    float *variance = rig.graph.tensors[4].data;
    for (int i = 0; i < 3; i++)
        variance[i] *= variance[i];
    rig.op.alpha = 1e-3f;
    EXPECT(rig, batch_norm);
}

static void reductions(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_REDUCE);
    rig_pattern(&rig, 1, SHAPE(2, 3, 4));
    rig.op.reduce = REDUCE_MEAN;
    rig.op.n_axes = 2;
    rig.op.axes[0] = 2;
    rig.op.keep_dims = true;
    EXPECT(rig, reduce_mean);

    rig = rig_start(OP_REDUCE);
    rig_pattern(&rig, 1, SHAPE(2, 3, 4));
    rig.op.reduce = REDUCE_MAX;
    rig.op.n_axes = 1;
    rig.op.axes[0] = 1;
    EXPECT(rig, reduce_max);

    rig = rig_start(OP_REDUCE); /* no axes: all of them */
    rig_pattern(&rig, 1, SHAPE(2, 3, 4));
    rig.op.reduce = REDUCE_SUM;
    EXPECT(rig, reduce_sum);

    const enum reduce kinds[] = {REDUCE_MEAN, REDUCE_SUM, REDUCE_MAX, REDUCE_MIN};
    const int64_t expected[][2] = {{1, -2}, {5, -8}, {9, 1}, {-5, -10}};
    for (int i = 0; i < 4; i++) {
        rig = rig_start(OP_REDUCE);
        rig_integers(&rig, SHAPE(2, 3), INTEGERS(9, 1, -5, -10, 1, 1));
        rig.op.reduce = kinds[i];
        rig.op.n_axes = 1;
        rig.op.axes[0] = 1;
        rig_expect_integers(&rig, SHAPE(2), expected[i]);
    }
}

/* conv 3 -> 2 (1x1), ReLU; the mean of it; an operator nobody understands beside them. */
static void whole_graph(void **state) {
    (void)state;
    struct graph graph = net_start();
    int conv = net_conv(&graph, graph.input, 3, 2, 1, 1, true);
    int active = net_activation(&graph, conv, ACTIVATION_RELU);
    int mean = net_op(&graph, OP_REDUCE, active, -1);
    net_last(&graph)->n_axes = 2;
    net_last(&graph)->axes[0] = 2;
    net_last(&graph)->axes[1] = 3;
    int strange = net_op(&graph, OP_UNKNOWN, conv, -1);
    float input[3 * 2 * 3];
    fill_pattern(input, 18, 5);
    const float *weights = graph.tensors[1].data, *bias = graph.tensors[2].data;
    float expected[12], means[2] = {0};
    for (int i = 0; i < 12; i++) {
        int channel = i / 6, pixel = i % 6;
        float sum = bias[channel];
        for (int c = 0; c < 3; c++)
            sum += weights[channel * 3 + c] * input[c * 6 + pixel];
        expected[i] = fmaxf(sum, 0.0f);
        means[channel] += expected[i] / 6.0f;
    }
    float *outputs[3];
    const int wanted[] = {mean, active, graph.input};
    assert_int_equal(graph_evaluate(&graph, 2, 3, input, wanted, 3, outputs), STATUS_OK);
    assert_floats(outputs[0], means, 2, 1e-6f);
    assert_floats(outputs[1], expected, 12, 1e-6f);
    assert_floats(outputs[2], input, 18, 0.0f);
    for (int i = 0; i < 3; i++)
        free(outputs[i]);

    const int unknown[] = {mean, strange};
    assert_int_equal(graph_evaluate(&graph, 2, 3, input, unknown, 2, outputs), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "not supported"));
    assert_null(outputs[0]);
    assert_null(outputs[1]);
    assert_int_equal(graph_evaluate(&graph, 2, 3, input, (int[]){99}, 1, outputs),
                     STATUS_BAD_INPUT);
    assert_int_equal(graph_evaluate(&graph, 0, 3, input, wanted, 1, outputs), STATUS_BAD_INPUT);
    graph_free(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),
        cmocka_unit_test(conv_adds_its_residual_after_the_activation),
        cmocka_unit_test(transposed_convolutions),
        cmocka_unit_test(pools),
        cmocka_unit_test(padding_never_wins_a_max_pool),
        cmocka_unit_test(resizes),
        cmocka_unit_test(matrix_products),
        cmocka_unit_test(softmax),
        cmocka_unit_test(batch_norm_alone),
        cmocka_unit_test(reductions),
        cmocka_unit_test(whole_graph),
    };
    return RUN_TESTS(tests);
}
