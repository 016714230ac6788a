/* op_evaluate on single elements, and of what makes elements from nothing. */
#include "evaluate_cases.h"
#include "graph_rig.h"
#include "unit.h"

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
        {UNARY_SIN, {0.0f, 0.598472144f, 0.479425539f, 0.997494987f}},
        {UNARY_COS, {1.0f, -0.801143616f, 0.877582562f, 0.0707372017f}},
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations),        cmocka_unit_test(unary),
        cmocka_unit_test(binary_of_floats),   cmocka_unit_test(binary_broadcasts),
        cmocka_unit_test(binary_of_integers), cmocka_unit_test(comparisons),
        cmocka_unit_test(shape_arithmetic),   cmocka_unit_test(casts),
        cmocka_unit_test(types_are_checked),
    };
    return RUN_TESTS(tests);
}
