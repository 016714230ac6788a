/* op_evaluate against PyTorch's results and values worked out by hand; graph_evaluate. */
#include "evaluate_cases.h"
#include "graph_rig.h"

#define EXPECT(rig, name) rig_expect(&(rig), name##_shape, name)
#define FLOATS(...)       ((const float[]){__VA_ARGS__})
#define INTEGERS(...)     ((const int64_t[]){__VA_ARGS__})
#define BOOLEANS(...)     ((const char[]){__VA_ARGS__})

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

static void activations(void **state) {
    (void)state;
    const struct {
        enum activation activation;
        const float *expected;
        float alpha, beta;
    } cases[] = {
        {ACTIVATION_SILU, silu, 0, 0},
        {ACTIVATION_RELU, relu, 0, 0},
        {ACTIVATION_LEAKY_RELU, leaky_relu, 0.1f, 0},
        {ACTIVATION_SIGMOID, sigmoid, 0, 0},
        {ACTIVATION_MISH, mish, 0, 0},
        {ACTIVATION_HARD_SIGMOID, hard_sigmoid, 1.0f / 6.0f, 0.5f},
        {ACTIVATION_HARD_SWISH, hard_swish, 0, 0},
        {ACTIVATION_TANH, tanh_expected, 0, 0},
        {ACTIVATION_GELU, gelu, 0, 0},
        {ACTIVATION_SOFTPLUS, softplus, 0, 0},
        {ACTIVATION_CLIP, clip, -1.5f, 2.5f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig = rig_start(OP_UNARY);
        rig_pattern(&rig, 1, SHAPE(16));
        for (int k = 0; k < 16; k++)
            ((float *)rig.graph.tensors[0].data)[k] *= 4.0f;
        rig.op.activation = cases[i].activation;
        rig.op.alpha = cases[i].alpha;
        rig.op.beta = cases[i].beta;
        rig_expect(&rig, silu_shape, cases[i].expected);
    }
    struct rig rig = rig_start(OP_UNARY); /* nothing overflows far from 0 */
    rig_floats(&rig, SHAPE(4), FLOATS(-1000, 1000, -90, 90));
    rig.op.activation = ACTIVATION_MISH;
    rig_expect(&rig, SHAPE(4), FLOATS(0, 1000, 0, 90));
}

static void unary(void **state) {
    (void)state;
    const struct {
        enum unary unary;
        float expected[4];
    } cases[] = {
        {UNARY_EXP, {1.0f, 12.1824940f, 1.64872127f, 4.48168907f}},
        {UNARY_LOG, {-INFINITY, 0.916290732f, -0.693147181f, 0.405465108f}},
        {UNARY_SQRT, {0.0f, 1.58113883f, 0.707106781f, 1.22474487f}},
        {UNARY_NEG, {0.0f, -2.5f, -0.5f, -1.5f}},
        {UNARY_ABS, {0.0f, 2.5f, 0.5f, 1.5f}},
        {UNARY_FLOOR, {0.0f, 2.0f, 0.0f, 1.0f}},
        {UNARY_CEIL, {0.0f, 3.0f, 1.0f, 2.0f}},
        {UNARY_ROUND, {0.0f, 2.0f, 0.0f, 2.0f}},
        {UNARY_RECIPROCAL, {INFINITY, 0.4f, 2.0f, 0.666666667f}},
        {UNARY_ERF, {0.0f, 0.999593048f, 0.520499878f, 0.966105146f}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig = rig_start(OP_UNARY);
        rig_floats(&rig, SHAPE(2, 2), FLOATS(0.0f, 2.5f, 0.5f, 1.5f));
        rig.op.unary = cases[i].unary;
        rig_expect(&rig, SHAPE(2, 2), cases[i].expected);
    }
    struct rig rig = rig_start(OP_UNARY);
    rig_integers(&rig, SHAPE(3), INTEGERS(-4, 4, INT64_MIN));
    rig.op.unary = UNARY_ABS;
    rig_expect_integers(&rig, SHAPE(3), INTEGERS(4, 4, INT64_MIN));
    rig = rig_start(OP_UNARY);
    rig_booleans(&rig, SHAPE(2), BOOLEANS(1, 0));
    rig.op.unary = UNARY_NOT;
    rig_expect_booleans(&rig, SHAPE(2), BOOLEANS(0, 1));
}

static void binary_of_floats(void **state) {
    (void)state;
    const struct {
        enum binary binary;
        float expected[3];
    } cases[] = {
        {BINARY_ADD, {5.0f, 0.0f, 4.5f}},  {BINARY_SUB, {1.0f, -4.0f, 3.5f}},
        {BINARY_MUL, {6.0f, -4.0f, 2.0f}}, {BINARY_DIV, {1.5f, -1.0f, 8.0f}},
        {BINARY_POW, {9.0f, 4.0f, 2.0f}},  {BINARY_MIN, {2.0f, -2.0f, 0.5f}},
        {BINARY_MAX, {3.0f, 2.0f, 4.0f}},  {BINARY_MOD, {1.0f, 0.0f, 0.0f}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig = rig_start(OP_BINARY);
        rig_floats(&rig, SHAPE(3), FLOATS(3, -2, 4));
        rig_floats(&rig, SHAPE(3), FLOATS(2, 2, 0.5f));
        rig.op.binary = cases[i].binary;
        rig_expect(&rig, SHAPE(3), cases[i].expected);
    }
}

static void binary_broadcasts(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_BINARY);
    rig_floats(&rig, SHAPE(2, 1, 2), FLOATS(1, 2, 3, 4));
    rig_floats(&rig, SHAPE(3, 1), FLOATS(10, 20, 30));
    rig_expect(&rig, SHAPE(2, 3, 2), FLOATS(11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34));
    rig = rig_start(OP_BINARY);
    rig_floats(&rig, SCALAR, FLOATS(2));
    rig_floats(&rig, SHAPE(1, 2), FLOATS(3, 4));
    rig.op.binary = BINARY_MUL;
    rig_expect(&rig, SHAPE(1, 2), FLOATS(6, 8));
    rig = rig_start(OP_BINARY);
    rig_floats(&rig, SCALAR, FLOATS(2));
    rig_floats(&rig, SCALAR, FLOATS(3));
    rig_expect(&rig, SCALAR, FLOATS(5));
}

static void binary_of_integers(void **state) {
    (void)state;
    const struct {
        enum binary binary;
        int64_t expected[4];
    } cases[] = {
        {BINARY_ADD, {9, -5, 2, 0}},     {BINARY_SUB, {5, -9, 4, -4}},
        {BINARY_MUL, {14, -14, -3, -4}}, {BINARY_DIV, {3, -3, -3, -1}}, /* towards 0 */
        {BINARY_POW, {49, 49, 0, 4}},    {BINARY_MIN, {2, -7, -1, -2}},
        {BINARY_MAX, {7, 2, 3, 2}},      {BINARY_MOD, {1, 1, 0, 0}}, /* the sign of the divisor */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig = rig_start(OP_BINARY);
        rig_integers(&rig, SHAPE(4), INTEGERS(7, -7, 3, -2));
        rig_integers(&rig, SHAPE(4), INTEGERS(2, 2, -1, 2));
        rig.op.binary = cases[i].binary;
        rig_expect_integers(&rig, SHAPE(4), cases[i].expected);
    }
    struct rig rig = rig_start(OP_BINARY); /* what C leaves undefined wraps around */
    rig_integers(&rig, SHAPE(2), INTEGERS(INT64_MIN, INT64_MIN));
    rig_integers(&rig, SCALAR, INTEGERS(-1));
    rig.op.binary = BINARY_DIV;
    rig_expect_integers(&rig, SHAPE(2), INTEGERS(INT64_MIN, INT64_MIN));
    rig = rig_start(OP_BINARY);
    rig_integers(&rig, SHAPE(1), INTEGERS(1));
    rig_integers(&rig, SHAPE(1), INTEGERS(0));
    rig.op.binary = BINARY_DIV;
    rig_refuse(&rig, "divided by 0");
}

static void comparisons(void **state) {
    (void)state;
    const struct {
        enum binary binary;
        char expected[3];
    } cases[] = {{BINARY_EQUAL, {0, 1, 0}}, {BINARY_LESS, {1, 0, 0}}, {BINARY_GREATER, {0, 0, 1}}};
    for (size_t i = 0; i < 3; i++) {
        struct rig rig = rig_start(OP_BINARY);
        rig_integers(&rig, SHAPE(3), INTEGERS(1, 2, 3));
        rig_integers(&rig, SCALAR, INTEGERS(2));
        rig.op.binary = cases[i].binary;
        rig_expect_booleans(&rig, SHAPE(3), cases[i].expected);
        rig = rig_start(OP_BINARY);
        rig_floats(&rig, SHAPE(3), FLOATS(0.1f, 0.2f, 0.3f));
        rig_floats(&rig, SCALAR, FLOATS(0.2f));
        rig.op.binary = cases[i].binary;
        rig_expect_booleans(&rig, SHAPE(3), cases[i].expected);
    }
    struct rig rig = rig_start(OP_BINARY);
    rig_booleans(&rig, SHAPE(2, 1), BOOLEANS(0, 1));
    rig_booleans(&rig, SHAPE(2), BOOLEANS(0, 1));
    rig.op.binary = BINARY_AND;
    rig_expect_booleans(&rig, SHAPE(2, 2), BOOLEANS(0, 0, 0, 1));
    rig = rig_start(OP_BINARY);
    rig_booleans(&rig, SHAPE(2, 1), BOOLEANS(0, 1));
    rig_booleans(&rig, SHAPE(2), BOOLEANS(0, 1));
    rig.op.binary = BINARY_OR;
    rig_expect_booleans(&rig, SHAPE(2, 2), BOOLEANS(0, 1, 1, 1));
}

static void concat(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_CONCAT);
    rig_floats(&rig, SHAPE(2, 1, 2), FLOATS(1, 2, 3, 4));
    rig_floats(&rig, SHAPE(2, 2, 2), FLOATS(5, 6, 7, 8, 9, 10, 11, 12));
    rig_floats(&rig, SHAPE(2, 0, 2), FLOATS(0));
    rig.op.axis = 1;
    rig_expect(&rig, SHAPE(2, 3, 2), FLOATS(1, 2, 5, 6, 7, 8, 3, 4, 9, 10, 11, 12));
    rig = rig_start(OP_CONCAT);
    rig_integers(&rig, SHAPE(1), INTEGERS(7));
    rig_integers(&rig, SHAPE(2), INTEGERS(8, 9));
    rig_expect_integers(&rig, SHAPE(3), INTEGERS(7, 8, 9));
}

static void slice(void **state) {
    (void)state;
    const float x[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    struct rig rig = rig_start(OP_SLICE);
    rig_floats(&rig, SHAPE(3, 4), x);
    rig.op.slice[0] = (struct slice_range){-2, INT64_MAX, 1};
    rig.op.slice[1] = (struct slice_range){1, 4, 2};
    rig_expect(&rig, SHAPE(2, 2), FLOATS(5, 7, 9, 11));
    rig = rig_start(OP_SLICE);
    rig_floats(&rig, SHAPE(3, 4), x);
    rig.op.slice[0] = (struct slice_range){-100, -2, 1};
    rig.op.slice[1] = (struct slice_range){0, 100, 3};
    rig_expect(&rig, SHAPE(1, 2), FLOATS(0, 3));
    rig = rig_start(OP_SLICE); /* nothing is left */
    rig_floats(&rig, SHAPE(3, 4), x);
    rig.op.slice[1] = (struct slice_range){3, 2, 1};
    rig_expect(&rig, SHAPE(3, 0), x);
    rig = rig_start(OP_SLICE); /* a step beyond the axis takes its first element */
    rig_floats(&rig, SHAPE(3, 4), x);
    rig.op.slice[0].step = rig.op.slice[1].step = INT64_MAX;
    rig_expect(&rig, SHAPE(1, 1), x);
    rig = rig_start(OP_SLICE);
    rig_integers(&rig, SHAPE(4), INTEGERS(1, 2, 3, 4));
    rig.op.slice[0] = (struct slice_range){-1, INT64_MAX, 1};
    rig_expect_integers(&rig, SHAPE(1), INTEGERS(4));
}

static void reshape(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_RESHAPE);
    rig_pattern(&rig, 1, SHAPE(1, 6, 2, 4));
    rig.op.n_reshape = 4;
    rig.op.reshape[0] = (struct reshape_dim){.source = DIM_PRODUCT, .first = 0, .count = 1};
    rig.op.reshape[1] = (struct reshape_dim){.source = DIM_CONSTANT, .value = 2};
    rig.op.reshape[2] = (struct reshape_dim){.source = DIM_REST};
    rig.op.reshape[3] = (struct reshape_dim){.source = DIM_PRODUCT, .first = 2, .count = 2};
    float expected[48];
    fill_pattern(expected, 48, 1);
    rig_expect(&rig, SHAPE(1, 2, 3, 8), expected);
    rig = rig_start(OP_RESHAPE); /* at 640 x 640, height / 320 is 2 */
    rig_integers(&rig, SHAPE(6), INTEGERS(1, 2, 3, 4, 5, 6));
    rig.op.n_reshape = 2;
    rig.op.reshape[0] = (struct reshape_dim){.source = DIM_HEIGHT, .value = 320};
    rig.op.reshape[1] = (struct reshape_dim){.source = DIM_REST};
    rig_expect_integers(&rig, SHAPE(2, 3), INTEGERS(1, 2, 3, 4, 5, 6));
    rig = rig_start(OP_RESHAPE);
    rig_floats(&rig, SHAPE(1, 1), FLOATS(5));
    rig_expect(&rig, SCALAR, FLOATS(5));
}

static void transpose(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_TRANSPOSE);
    rig_floats(&rig, SHAPE(2, 3, 2), FLOATS(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    rig.op.permutation[0] = 2;
    rig.op.permutation[1] = 0;
    rig.op.permutation[2] = 1;
    rig_expect(&rig, SHAPE(2, 2, 3), FLOATS(0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11));
    rig = rig_start(OP_TRANSPOSE);
    rig_integers(&rig, SHAPE(2, 2), INTEGERS(1, 2, 3, 4));
    rig.op.permutation[0] = 1;
    rig_expect_integers(&rig, SHAPE(2, 2), INTEGERS(1, 3, 2, 4));
}

static void pad(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_PAD);
    rig_floats(&rig, SHAPE(2, 2), FLOATS(1, 2, 3, 4));
    memcpy(rig.op.pads, INTEGERS(1, 0, 0, 2), 4 * sizeof(int64_t));
    rig.op.pad_value = -1.5f;
    rig_expect(&rig, SHAPE(3, 4),
               FLOATS(-1.5f, -1.5f, -1.5f, -1.5f, 1, 2, -1.5f, -1.5f, 3, 4, -1.5f, -1.5f));
    rig = rig_start(OP_PAD); /* a row is cut, a column added */
    rig_floats(&rig, SHAPE(2, 2), FLOATS(1, 2, 3, 4));
    memcpy(rig.op.pads, INTEGERS(-1, 1, 0, -1), 4 * sizeof(int64_t));
    rig_expect(&rig, SHAPE(1, 2), FLOATS(0, 3));
    rig = rig_start(OP_PAD); /* nothing of x is left */
    rig_integers(&rig, SHAPE(2), INTEGERS(1, 2));
    memcpy(rig.op.pads, INTEGERS(-2, 3), 2 * sizeof(int64_t));
    rig.op.pad_value = 7.0f;
    rig_expect_integers(&rig, SHAPE(3), INTEGERS(7, 7, 7));
}

static void expand_tile_gather(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_EXPAND);
    rig_floats(&rig, SHAPE(2, 1), FLOATS(1, 2));
    rig.op.expand = SHAPE(2, 1, 3);
    rig_expect(&rig, SHAPE(2, 2, 3), FLOATS(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2));
    rig = rig_start(OP_TILE);
    rig_integers(&rig, SHAPE(1, 2), INTEGERS(1, 2));
    rig_integers(&rig, SHAPE(2), INTEGERS(2, 2));
    rig_expect_integers(&rig, SHAPE(2, 4), INTEGERS(1, 2, 1, 2, 1, 2, 1, 2));
    rig = rig_start(OP_GATHER);
    rig_floats(&rig, SHAPE(2, 3), FLOATS(1, 2, 3, 4, 5, 6));
    rig_integers(&rig, SHAPE(2, 2), INTEGERS(0, -1, 2, 1));
    rig.op.axis = 1;
    rig_expect(&rig, SHAPE(2, 2, 2), FLOATS(1, 3, 3, 2, 4, 6, 6, 5));
    rig = rig_start(OP_GATHER); /* a scalar index takes the axis away */
    rig_integers(&rig, SHAPE(4), INTEGERS(1, 3, 640, 480));
    rig_integers(&rig, SCALAR, INTEGERS(2));
    rig_expect_integers(&rig, SCALAR, INTEGERS(640));
    rig = rig_start(OP_GATHER);
    rig_integers(&rig, SHAPE(4), INTEGERS(1, 3, 640, 480));
    rig_integers(&rig, SCALAR, INTEGERS(-5));
    rig_refuse(&rig, "index -5 of a dimension of 4");
}

static void shape_arithmetic(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_SHAPE);
    rig_pattern(&rig, 1, SHAPE(1, 3, 5));
    rig_expect_integers(&rig, SHAPE(3), INTEGERS(1, 3, 5));
    rig = rig_start(OP_CONSTANT_OF_SHAPE);
    rig_integers(&rig, SHAPE(2), INTEGERS(2, 1));
    rig.op.cast_to = DTYPE_I64;
    rig.op.pad_value = 9.0f;
    rig_expect_integers(&rig, SHAPE(2, 1), INTEGERS(9, 9));
    rig = rig_start(OP_CONSTANT_OF_SHAPE);
    rig_integers(&rig, SHAPE(0), INTEGERS(0));
    rig.op.cast_to = DTYPE_BOOL;
    rig.op.pad_value = 1.0f;
    rig_expect_booleans(&rig, SCALAR, BOOLEANS(1));
    rig = rig_start(OP_RANGE);
    rig_integers(&rig, SCALAR, INTEGERS(10));
    rig_integers(&rig, SCALAR, INTEGERS(3));
    rig_integers(&rig, SCALAR, INTEGERS(-3));
    rig_expect_integers(&rig, SHAPE(3), INTEGERS(10, 7, 4));
    rig = rig_start(OP_RANGE);
    rig_floats(&rig, SCALAR, FLOATS(0));
    rig_floats(&rig, SCALAR, FLOATS(2.5f));
    rig_floats(&rig, SCALAR, FLOATS(1));
    rig_expect(&rig, SHAPE(3), FLOATS(0, 1, 2));
    rig = rig_start(OP_RANGE);
    rig_integers(&rig, SCALAR, INTEGERS(3));
    rig_integers(&rig, SCALAR, INTEGERS(3));
    rig_integers(&rig, SCALAR, INTEGERS(1));
    rig_expect_integers(&rig, SHAPE(0), INTEGERS(0));
    rig = rig_start(OP_WHERE);
    rig_booleans(&rig, SHAPE(2, 1), BOOLEANS(1, 0));
    rig_integers(&rig, SHAPE(2), INTEGERS(1, 2));
    rig_integers(&rig, SCALAR, INTEGERS(-9));
    rig_expect_integers(&rig, SHAPE(2, 2), INTEGERS(1, 2, -9, -9));
}

static void casts(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_CAST);
    rig_floats(&rig, SHAPE(5), FLOATS(-1.7f, 2.9f, 1e30f, -1e30f, NAN));
    rig.op.cast_to = DTYPE_I64;
    rig_expect_integers(&rig, SHAPE(5), INTEGERS(-1, 2, INT64_MAX, INT64_MIN, 0));
    rig = rig_start(OP_CAST);
    rig_integers(&rig, SHAPE(2), INTEGERS(-3, 20));
    rig.op.cast_to = DTYPE_F32;
    rig_expect(&rig, SHAPE(2), FLOATS(-3, 20));
    rig = rig_start(OP_CAST);
    rig_floats(&rig, SHAPE(3), FLOATS(0.25f, 0.0f, -0.0f));
    rig.op.cast_to = DTYPE_BOOL;
    rig_expect_booleans(&rig, SHAPE(3), BOOLEANS(1, 0, 0));
    rig = rig_start(OP_CAST);
    rig_booleans(&rig, SHAPE(2), BOOLEANS(1, 0));
    rig.op.cast_to = DTYPE_I64;
    rig_expect_integers(&rig, SHAPE(2), INTEGERS(1, 0));
}

static void types_are_checked(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_CONV);
    rig_pattern(&rig, 1, SHAPE(1, 1, 1, 1));
    rig_integers(&rig, SHAPE(1, 1, 1, 1), INTEGERS(1));
    rig_refuse(&rig, "input 1 is not float");
    rig = rig_start(OP_BINARY);
    rig_pattern(&rig, 1, SHAPE(1));
    rig_integers(&rig, SHAPE(1), INTEGERS(1));
    rig_refuse(&rig, "differ in type");
    rig = rig_start(OP_UNARY);
    rig_integers(&rig, SHAPE(1), INTEGERS(1));
    rig.op.unary = UNARY_SQRT;
    rig_refuse(&rig, "not float");
    rig = rig_start(OP_GATHER);
    rig_pattern(&rig, 1, SHAPE(1));
    rig_pattern(&rig, 1, SHAPE(1));
    rig_refuse(&rig, "not int64");
    rig = rig_start(OP_WHERE);
    rig_pattern(&rig, 1, SHAPE(1));
    rig_pattern(&rig, 1, SHAPE(1));
    rig_pattern(&rig, 1, SHAPE(1));
    rig_refuse(&rig, "condition is not boolean");
    rig = rig_start(OP_UNKNOWN);
    rig_refuse(&rig, "not supported");
}

/* conv 3 -> 2 (1x1), silu; the mean of it; an operator nobody understands beside them. */
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
        cmocka_unit_test(activations),
        cmocka_unit_test(unary),
        cmocka_unit_test(binary_of_floats),
        cmocka_unit_test(binary_broadcasts),
        cmocka_unit_test(binary_of_integers),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(concat),
        cmocka_unit_test(slice),
        cmocka_unit_test(reshape),
        cmocka_unit_test(transpose),
        cmocka_unit_test(pad),
        cmocka_unit_test(expand_tile_gather),
        cmocka_unit_test(shape_arithmetic),
        cmocka_unit_test(casts),
        cmocka_unit_test(types_are_checked),
        cmocka_unit_test(whole_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
