/* op_evaluate of what moves elements. */
#include "graph_rig.h"
#include "unit.h"

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

static void scatter_nd(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_SCATTER_ND); /* elements */
    rig_floats(&rig, SHAPE(2, 3), FLOATS(1, 2, 3, 4, 5, 6));
    rig_integers(&rig, SHAPE(2, 2), INTEGERS(0, 1, -1, -1));
    rig_floats(&rig, SHAPE(2), FLOATS(7, 8));
    rig_expect(&rig, SHAPE(2, 3), FLOATS(1, 7, 3, 4, 5, 8));
    rig = rig_start(OP_SCATTER_ND); /* a row */
    rig_floats(&rig, SHAPE(2, 3), FLOATS(1, 2, 3, 4, 5, 6));
    rig_integers(&rig, SHAPE(1, 1), INTEGERS(1));
    rig_floats(&rig, SHAPE(1, 3), FLOATS(7, 8, 9));
    rig_expect(&rig, SHAPE(2, 3), FLOATS(1, 2, 3, 7, 8, 9));
    rig = rig_start(OP_SCATTER_ND);
    rig_floats(&rig, SHAPE(2), FLOATS(1, 2));
    rig_integers(&rig, SHAPE(1, 1), INTEGERS(2));
    rig_floats(&rig, SHAPE(1), FLOATS(7));
    rig_refuse(&rig, "index 2 of a dimension of 2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concat),     cmocka_unit_test(slice), cmocka_unit_test(reshape),
        cmocka_unit_test(transpose),  cmocka_unit_test(pad),   cmocka_unit_test(expand_tile_gather),
        cmocka_unit_test(scatter_nd),
    };
    return RUN_TESTS(tests);
}
