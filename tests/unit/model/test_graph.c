/* The graph's containers, the shapes it derives and what it refuses. */
#include <stdio.h>

#include "graph_rig.h"
#include "unit.h"

static void shapes_know_their_limits(void **state) {
    (void)state;
    char text[SHAPE_TEXT];
    assert_int_equal(shape_elements(&SCALAR), 1);
    assert_int_equal(shape_elements(&SHAPE(1, 3, 640, 640)), 1228800);
    assert_int_equal(shape_elements(&SHAPE(5, 0)), 0);
    assert_int_equal(shape_elements(&SHAPE(1 << 20, 1 << 20)), INT64_C(1) << 40);
    assert_int_equal(shape_elements(&SHAPE(1 << 20, 1 << 20, 2)), -1);
    assert_int_equal(shape_elements(&SHAPE(INT64_MAX, INT64_MAX)), -1);
    assert_int_equal(shape_elements(&SHAPE(-1)), -1);
    assert_int_equal(shape_elements(&(struct shape){.rank = GRAPH_RANK + 1}), -1);
    assert_string_equal(shape_text(&SHAPE(1, 3, -640), text), "(1,3,-640)");
    assert_string_equal(shape_text(&SCALAR, text), "()");
    struct shape longest = SHAPE(INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN);
    assert_int_equal(strlen(shape_text(&longest, text)), 2 + 6 * 20 + 5);
    assert_true(shape_equal(&SHAPE(2, 3), &SHAPE(2, 3)));
    assert_false(shape_equal(&SHAPE(2, 3), &SHAPE(2, 3, 1)));
    assert_false(shape_equal(&SHAPE(2, 3), &SHAPE(3, 2)));
}

static void containers_grow(void **state) {
    (void)state;
    struct graph graph = {0};
    for (int i = 0; i < 100; i++) {
        int tensor;
        size_t op;
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        assert_int_equal(graph_add_tensor(&graph, name, &tensor), STATUS_OK);
        assert_int_equal(tensor, i);
        assert_int_equal(graph_add_op(&graph, OP_CONCAT, name, "Concat", &op), STATUS_OK);
        assert_int_equal(op, i);
    }
    assert_string_equal(graph.tensors[57].name, "t57");
    assert_int_equal(graph.tensors[57].dtype, DTYPE_F32);
    assert_false(graph.tensors[57].constant);
    assert_string_equal(graph.ops[99].name, "t99");
    assert_string_equal(graph.ops[99].type_name, "Concat");
    assert_int_equal(graph.ops[99].kind, OP_CONCAT);
    assert_int_equal(graph.ops[99].output, -1);
    assert_int_equal(graph.ops[99].n_inputs, 0);

    assert_int_equal(graph_make_constant(&graph, 3, DTYPE_I64, &SHAPE(2, 2)), STATUS_OK);
    assert_true(graph.tensors[3].constant);
    assert_int_equal(((int64_t *)graph.tensors[3].data)[3], 0);
    assert_int_equal(graph_make_constant(&graph, 3, DTYPE_F32, &SCALAR), STATUS_OK); /* again */
    assert_int_equal(graph.tensors[3].shape.rank, 0);
    assert_int_equal(graph_make_constant(&graph, 4, DTYPE_F32, &SHAPE(2, -2)), STATUS_BAD_INPUT);
    assert_string_equal(status_message(), "constant 't4': no tensor can have the shape (2,-2)");
    assert_false(graph.tensors[4].constant);
    graph_free(&graph);
    assert_null(graph.tensors);
    assert_int_equal(graph.n_ops, 0);
    graph_free(&graph);
}

/* conv stride 2, pool that keeps the size, upsampling back, concat with the input. */
static void shapes_follow_the_input(void **state) {
    (void)state;
    struct graph graph = net_start();
    int conv = net_conv(&graph, graph.input, 3, 8, 3, 2, true);
    int pool = net_op(&graph, OP_MAX_POOL, conv, -1);
    struct op *op = net_last(&graph);
    for (size_t i = 0; i < 4; i++) {
        op->window.kernel[i % 2] = 5;
        op->window.pad[i] = 2;
    }
    int up = net_op(&graph, OP_RESIZE, pool, -1);
    net_last(&graph)->scale[0] = net_last(&graph)->scale[1] = 2.0f;
    int joined = net_op(&graph, OP_CONCAT, up, graph.input);
    net_last(&graph)->axis = 1;
    int flat = net_op(&graph, OP_RESHAPE, joined, -1);
    op = net_last(&graph);
    op->n_reshape = 3;
    op->reshape[0] = (struct reshape_dim){.source = DIM_CONSTANT, .value = 1};
    op->reshape[1] = (struct reshape_dim){.source = DIM_CONSTANT, .value = 11};
    op->reshape[2] = (struct reshape_dim){.source = DIM_REST};

    struct shape shapes[16];
    assert_true(graph.n_tensors <= 16);
    assert_int_equal(graph_shapes(&graph, 64, 96, shapes), STATUS_OK);
    assert_shape(&shapes[graph.input], &SHAPE(1, 3, 64, 96));
    assert_shape(&shapes[conv], &SHAPE(1, 8, 32, 48));
    assert_shape(&shapes[pool], &SHAPE(1, 8, 32, 48));
    assert_shape(&shapes[up], &SHAPE(1, 8, 64, 96));
    assert_shape(&shapes[joined], &SHAPE(1, 11, 64, 96));
    assert_shape(&shapes[flat], &SHAPE(1, 11, 6144));
    assert_shape(&shapes[1], &SHAPE(8, 3, 3, 3)); /* the weights */
    assert_int_equal(graph_shapes(&graph, 128, 32, shapes), STATUS_OK);
    assert_shape(&shapes[flat], &SHAPE(1, 11, 4096));
    /* An odd size comes back from the upsampling one larger. */
    assert_int_equal(graph_shapes(&graph, 63, 96, shapes), STATUS_BAD_INPUT);
    assert_string_equal(status_message(), "operator Type, node 'node': shapes (1,8,64,96) and "
                                          "(1,3,63,96) do not join along axis 1");
    assert_int_equal(graph_shapes(&graph, 0, 96, shapes), STATUS_BAD_INPUT);
    assert_int_equal(graph_shapes(&graph, INT64_MAX, INT64_MAX, shapes), STATUS_BAD_INPUT);
    graph_free(&graph);
}

static void order_and_indices_are_checked(void **state) {
    (void)state;
    struct shape shapes[8];
    struct graph graph = net_start();
    int a = net_activation(&graph, graph.input, ACTIVATION_RELU);
    int b = net_activation(&graph, a, ACTIVATION_RELU);
    assert_int_equal(graph_shapes(&graph, 8, 8, shapes), STATUS_OK);
    struct op first = graph.ops[0];
    graph.ops[0] = graph.ops[1];
    graph.ops[1] = first;
    assert_int_equal(graph_shapes(&graph, 8, 8, shapes), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "not computed before"));
    graph.ops[1] = graph.ops[0];
    graph.ops[0] = first;
    graph.ops[1].output = a; /* two operators, one output */
    assert_int_equal(graph_shapes(&graph, 8, 8, shapes), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "has a value already"));
    graph.ops[1].output = 8;
    assert_int_equal(graph_shapes(&graph, 8, 8, shapes), STATUS_BAD_INPUT);
    graph.ops[1].output = b;
    graph.ops[1].inputs[0] = 1000;
    assert_int_equal(graph_shapes(&graph, 8, 8, shapes), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "no tensor of the model"));
    graph.ops[1].inputs[0] = -1;
    assert_int_equal(graph_shapes(&graph, 8, 8, shapes), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "input 0 is missing"));
    graph.ops[1].n_inputs = 2;
    assert_int_equal(graph_shapes(&graph, 8, 8, shapes), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "has 2 inputs; 1 to 1 are expected"));
    graph.ops[1].kind = OP_UNKNOWN;
    assert_int_equal(graph_shapes(&graph, 8, 8, shapes), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "not supported"));
    graph.input = 99;
    assert_int_equal(graph_shapes(&graph, 8, 8, shapes), STATUS_BAD_INPUT);
    assert_string_equal(status_message(), "the model has no input");
    graph_free(&graph);
}

/* A valid convolution of 4 to 6 channels in 2 groups, to be spoilt. */
static struct rig good_conv(void) {
    struct rig rig = rig_start(OP_CONV);
    rig_pattern(&rig, 1, SHAPE(1, 4, 5, 5));
    rig_pattern(&rig, 2, SHAPE(6, 2, 3, 3));
    rig_pattern(&rig, 3, SHAPE(6));
    rig_window(&rig, 3, 3, 1, 1);
    rig.op.window.group = 2;
    return rig;
}

static void windows_out_of_range_are_refused(void **state) {
    (void)state;
    struct rig rig = good_conv();
    assert_int_equal(rig_run(&rig), STATUS_OK);
    rig_end(&rig);
    int64_t bad[] = {0, -1, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        rig = good_conv();
        rig.op.window.stride[1] = bad[i];
        rig_refuse(&rig, "stride");
        rig = good_conv();
        rig.op.window.dilation[0] = bad[i];
        rig_refuse(&rig, "dilation");
        rig = good_conv();
        rig.op.window.kernel[0] = bad[i];
        rig_refuse(&rig, "kernel");
        rig = good_conv();
        rig.op.window.group = bad[i];
        rig_refuse(&rig, "groups");
    }
}

static void bad_convolutions_are_refused(void **state) {
    (void)state;
    struct rig rig = good_conv();
    rig.op.window.pad[3] = -1;
    rig_refuse(&rig, "padding -1");
    rig = good_conv();
    rig.op.window.group = 4;
    rig_refuse(&rig, "4 groups do not divide 8 input and 6 output channels");
    rig = good_conv();
    rig.op.window.group = 1;
    rig_refuse(&rig, "weights for 2 input channels, input has 4");
    rig = good_conv();
    rig.op.window.kernel[1] = 5;
    rig_refuse(&rig, "weights (6,2,3,3) do not fit the kernel 3x5");
    rig = good_conv();
    rig.op.window.dilation[1] = 3;
    rig_refuse(&rig, "window of 7 is larger than the padded input of 5");
    rig = good_conv();
    rig.op.inputs[2] = 1;
    rig_refuse(&rig, "bias of shape (6,2,3,3)");
    rig = good_conv();
    rig.op.n_inputs = 4;
    rig.op.inputs[3] = 0;
    rig_refuse(&rig, "residual of shape (1,4,5,5)");
    rig = good_conv();
    rig.op.inputs[0] = 2;
    rig_refuse(&rig, "rank 1");
    rig = good_conv();
    rig.op.inputs[1] = -1;
    rig_refuse(&rig, "input 1 is missing");
}

static void bad_windows_are_refused(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_MAX_POOL);
    rig_pattern(&rig, 1, SHAPE(1, 1, 4, 4));
    rig_window(&rig, 2, 2, 1, 1);
    rig_pad(&rig, 2, 0, 0, 0);
    rig_refuse(&rig, "padding as large as the window");
    rig = rig_start(OP_CONV_TRANSPOSE);
    rig_pattern(&rig, 1, SHAPE(1, 1, 1, 1));
    rig_pattern(&rig, 1, SHAPE(1, 1, 1, 1));
    rig_pad(&rig, 1, 0, 0, 0);
    rig_refuse(&rig, "leaves nothing");
    const float scales[] = {0.0f, -1.0f, 0.1f, NAN, INFINITY, 1e30f};
    for (size_t i = 0; i < 6; i++) {
        rig = rig_start(OP_RESIZE);
        rig_pattern(&rig, 1, SHAPE(1, 1, 4, 4));
        rig.op.scale[1] = scales[i];
        rig_refuse(&rig, "a scale of");
    }
    rig = rig_start(OP_RESIZE); /* each side is in range, the area is not */
    rig_pattern(&rig, 1, SHAPE(1, 1, 4, 4));
    rig.op.scale[0] = rig.op.scale[1] = 1 << 28;
    rig_refuse(&rig, "its result would have the shape (1,1,1073741824,1073741824)");
}

static void bad_axes_are_refused(void **state) {
    (void)state;
    const enum op_kind kinds[] = {OP_CONCAT, OP_SOFTMAX, OP_GATHER};
    const int64_t axes[] = {-1, 2, INT64_MAX};
    for (size_t i = 0; i < 9; i++) {
        struct rig rig = rig_start(kinds[i / 3]);
        rig_pattern(&rig, 1, SHAPE(2, 3));
        if (kinds[i / 3] == OP_GATHER)
            rig_integers(&rig, SCALAR, (int64_t[]){0});
        rig.op.axis = axes[i % 3];
        rig_refuse(&rig, "of a tensor of rank 2");
    }
    struct rig rig = rig_start(OP_REDUCE);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig.op.n_axes = 2;
    rig.op.axes[0] = rig.op.axes[1] = 1;
    rig_refuse(&rig, "out of range or twice");
    rig = rig_start(OP_REDUCE);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig.op.n_axes = SIZE_MAX;
    rig_refuse(&rig, "axes of a tensor of rank 2");
    rig = rig_start(OP_REDUCE);
    rig_pattern(&rig, 1, SHAPE(2, 0));
    rig.op.n_axes = 1;
    rig.op.axes[0] = 1;
    rig.op.reduce = REDUCE_MAX;
    rig_refuse(&rig, "empty");
    rig = rig_start(OP_TRANSPOSE); /* 0, 0 */
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig_refuse(&rig, "no permutation");
    rig = rig_start(OP_TRANSPOSE);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig.op.permutation[0] = SIZE_MAX;
    rig_refuse(&rig, "no permutation");
    rig = rig_start(OP_SLICE);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig.op.slice[1].step = 0;
    rig_refuse(&rig, "a step of 0");
    rig = rig_start(OP_CONCAT);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig_pattern(&rig, 1, SHAPE(3, 2));
    rig_refuse(&rig, "shapes (2,3) and (3,2) do not join");
    rig = rig_start(OP_CONCAT);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig_pattern(&rig, 1, SHAPE(2));
    rig_refuse(&rig, "shapes (2,3) and (2) do not join");
}

static void bad_sizes_are_refused(void **state) {
    (void)state;
    struct rig rig = rig_start(OP_BINARY);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig_pattern(&rig, 1, SHAPE(2));
    rig_refuse(&rig, "shapes (2,3) and (2) do not go together");
    rig = rig_start(OP_MATMUL);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig_refuse(&rig, "cannot be multiplied");
    rig = rig_start(OP_MATMUL);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig_pattern(&rig, 1, SCALAR);
    rig_refuse(&rig, "scalar");
    rig = rig_start(OP_BATCH_NORM);
    rig_pattern(&rig, 1, SHAPE(1, 3, 2, 2));
    for (int i = 0; i < 4; i++)
        rig_pattern(&rig, 1, SHAPE(4));
    rig_refuse(&rig, "do not fit 3 channels");
    rig = rig_start(OP_PAD);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig.op.pads[0] = -3;
    rig_refuse(&rig, "the shape (-1,3)");
    rig = rig_start(OP_PAD);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig.op.pads[3] = INT64_MAX;
    rig_refuse(&rig, "a padding of");
    rig = rig_start(OP_PAD); /* the sum is harmless */
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig.op.pads[0] = INT64_MIN;
    rig.op.pads[2] = INT64_MAX;
    rig_refuse(&rig, "a padding of");
    rig = rig_start(OP_EXPAND);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig.op.expand.rank = 77;
    rig_refuse(&rig, "no tensor can have");
    rig = rig_start(OP_GATHER);
    rig_pattern(&rig, 1, SHAPE(1, 1, 1, 1, 1));
    rig_integers(&rig, SHAPE(1, 1, 1), (int64_t[]){0});
    rig_refuse(&rig, "more than 6 dimensions");
}

static void bad_reshapes_are_refused(void **state) {
    (void)state;
    const struct {
        struct reshape_dim dims[2];
        const char *reason;
    } cases[] = {
        {{{.source = DIM_CONSTANT, .value = 4}, {.source = DIM_CONSTANT, .value = 2}}, "as (4,2)"},
        {{{.source = DIM_CONSTANT, .value = 4}, {.source = DIM_REST}}, "as (4,1)"},
        {{{.source = DIM_CONSTANT, .value = 0}, {.source = DIM_REST}}, "as (0,1)"},
        {{{.source = DIM_CONSTANT, .value = -1}, {.source = DIM_CONSTANT, .value = -6}}, "(-1,-6)"},
        {{{.source = DIM_REST}, {.source = DIM_REST}}, "cannot be seen as"},
        {{{.source = DIM_PRODUCT, .first = 1, .count = 2}, {.source = DIM_REST}}, "rank 2"},
        {{{.source = DIM_PRODUCT, .first = 1, .count = SIZE_MAX}, {.source = DIM_REST}}, "rank 2"},
        {{{.source = DIM_PRODUCT, .first = 9, .count = 1}, {.source = DIM_REST}}, "rank 2"},
        {{{.source = DIM_HEIGHT, .value = 0}, {.source = DIM_REST}}, "divided by 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig = rig_start(OP_RESHAPE);
        rig_pattern(&rig, 1, SHAPE(2, 3));
        rig.op.n_reshape = 2;
        memcpy(rig.op.reshape, cases[i].dims, sizeof cases[i].dims);
        rig_refuse(&rig, cases[i].reason);
    }
    struct rig rig = rig_start(OP_RESHAPE);
    rig_pattern(&rig, 1, SHAPE(2, 3));
    rig.op.n_reshape = GRAPH_RANK + 1;
    rig_refuse(&rig, "7 dimensions");
}

static void bad_size_values_are_refused(void **state) {
    (void)state;
    const int64_t dims[][2] = {{-1, 2}, {INT64_MAX, 2}, {INT64_MAX, INT64_MAX}};
    for (size_t i = 0; i < 3; i++) {
        struct rig rig = rig_start(OP_CONSTANT_OF_SHAPE);
        rig_integers(&rig, SHAPE(2), dims[i]);
        rig_refuse(&rig, i ? "would have the shape" : "a size of -1");
        rig = rig_start(OP_TILE);
        rig_pattern(&rig, 1, SHAPE(2, 2));
        rig_integers(&rig, SHAPE(2), dims[i]);
        rig_refuse(&rig, "a size of");
    }
    struct rig rig = rig_start(OP_CONSTANT_OF_SHAPE);
    rig_integers(&rig, SHAPE(7), (int64_t[]){1, 1, 1, 1, 1, 1, 1});
    rig_refuse(&rig, "does not fit");
    rig = rig_start(OP_TILE);
    rig_pattern(&rig, 1, SHAPE(2, 2));
    rig_integers(&rig, SHAPE(1), (int64_t[]){1});
    rig_refuse(&rig, "does not fit");
    rig = rig_start(OP_TILE);
    rig_pattern(&rig, 1, SHAPE(2));
    rig_integers(&rig, SHAPE(1), (int64_t[]){1});
    rig.graph.tensors[1].constant = false;
    rig_refuse(&rig, "not fixed by the model");
    const int64_t ranges[][3] = {{0, 5, 0}, {0, INT64_MAX, 1}, {INT64_MIN, INT64_MAX, 1}};
    for (size_t i = 0; i < 3; i++) {
        rig = rig_start(OP_RANGE);
        for (size_t k = 0; k < 3; k++)
            rig_integers(&rig, SCALAR, &ranges[i][k]);
        rig_refuse(&rig, "a range from");
    }
    rig = rig_start(OP_RANGE);
    for (size_t k = 0; k < 3; k++)
        rig_floats(&rig, SCALAR, (float[]){NAN});
    rig_refuse(&rig, "a range from");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_know_their_limits),
        cmocka_unit_test(containers_grow),
        cmocka_unit_test(shapes_follow_the_input),
        cmocka_unit_test(order_and_indices_are_checked),
        cmocka_unit_test(windows_out_of_range_are_refused),
        cmocka_unit_test(bad_convolutions_are_refused),
        cmocka_unit_test(bad_windows_are_refused),
        cmocka_unit_test(bad_axes_are_refused),
        cmocka_unit_test(bad_sizes_are_refused),
        cmocka_unit_test(bad_reshapes_are_refused),
        cmocka_unit_test(bad_size_values_are_refused),
    };
    return RUN_TESTS(tests);
}
