/* The CPU backend, operator by operator, against graph_evaluate: in planes and blocks, with 1 to 3
 * threads. */
#include "cpu_rig.h"
#include "unit.h"

static const int64_t channel_counts[] = {1, 3, 5, 8, 12, 16, 20, 33};
enum { N_COUNTS = sizeof channel_counts / sizeof *channel_counts };

static void convolutions(void **state) {
    (void)state;
    for (size_t i = 0; i < N_COUNTS; i++)
        for (int64_t kernel = 1; kernel <= 7; kernel += 2)
            for (int64_t stride = 1; stride <= 2; stride++) {
                int64_t from = channel_counts[i], to = channel_counts[N_COUNTS - 1 - i];
                struct graph graph = net_start();
                int x = stem(&graph, from);
                x = conv_activated(&graph, x, from, to, kernel, stride, ACTIVATION_SILU);
                check(&graph, x, 26, 38);
            }
}

static void convolution_activations(void **state) {
    (void)state;
    for (int kind = ACTIVATION_NONE; kind <= ACTIVATION_SOFTPLUS; kind++) {
        struct graph graph = net_start();
        int x = stem(&graph, 12);
        int y = conv_activated(&graph, x, 12, 5, 3, 1, (enum activation)kind);
        y = conv_activated(&graph, y, 5, 12, 3, 1, (enum activation)kind);
        net_last(&graph)->inputs[net_last(&graph)->n_inputs++] = x; /* the residual */
        y = conv_activated(&graph, y, 12, 13, 1, 1, (enum activation)kind);
        check(&graph, y, 24, 24);
    }
}

static void convolution_without_bias(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 8);
    int y = net_conv(&graph, x, 8, 8, 3, 1, false);
    struct op *op = net_last(&graph);
    op->n_inputs = 4;
    op->inputs[2] = -1;
    op->inputs[3] = x;
    check(&graph, y, 16, 20);
}

static void convolution_groups(void **state) {
    (void)state;
    /* channels in, out, groups: depthwise, wide enough for blocks, too narrow for them */
    const int64_t cases[][3] = {{16, 16, 16}, {20, 20, 20}, {5, 5, 5},   {32, 32, 2},
                                {16, 32, 2},  {12, 12, 3},  {10, 20, 2}, {8, 16, 8}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int64_t stride = 1; stride <= 2; stride++) {
            struct graph graph = net_start();
            int x = stem(&graph, cases[i][0]);
            x = net_conv(&graph, x, cases[i][0] / cases[i][2], cases[i][1], 3, stride, true);
            net_last(&graph)->window.group = cases[i][2];
            net_last(&graph)->activation = ACTIVATION_SILU;
            x = net_conv(&graph, x, cases[i][1], 9, 1, 1, true);
            check(&graph, x, 30, 22);
        }
}

static void convolution_geometry(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 12);
    int y = net_conv(&graph, x, 12, 20, 3, 1, true);
    struct window *window = &net_last(&graph)->window;
    memcpy(window->pad, (int64_t[]){0, 2, 3, 1}, sizeof window->pad);
    memcpy(window->dilation, (int64_t[]){2, 3}, sizeof window->dilation);
    memcpy(window->stride, (int64_t[]){2, 1}, sizeof window->stride);
    check(&graph, y, 30, 40);
    /* The first layers of YOLOv5 and of a network that keeps the size. */
    graph = net_start();
    y = net_conv(&graph, graph.input, 3, 24, 6, 2, true);
    memcpy(net_last(&graph)->window.pad, (int64_t[]){2, 2, 2, 2}, sizeof window->pad);
    check(&graph, y, 32, 64);
    graph = net_start();
    y = net_conv(&graph, graph.input, 3, 3, 1, 1, true);
    check(&graph, y, 9, 7);
}

static void transposed_convolutions(void **state) {
    (void)state;
    /* channels in, out, kernel, stride, padding, output padding, groups */
    const int64_t cases[][7] = {{16, 16, 2, 2, 0, 0, 1}, {5, 12, 2, 2, 0, 0, 1},
                                {12, 8, 4, 2, 1, 0, 1},  {8, 20, 3, 2, 1, 1, 1},
                                {8, 8, 3, 2, 0, 1, 1},   {12, 6, 2, 2, 0, 0, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int64_t *c = cases[i];
        struct graph graph = net_start();
        int x = stem(&graph, c[0]);
        int weights = net_constant(&graph, SHAPE(c[0], c[1] / c[6], c[2], c[2]), 1);
        int bias = net_constant(&graph, SHAPE(c[1]), 2);
        int y = net_op(&graph, OP_CONV_TRANSPOSE, x, weights);
        struct op *op = net_last(&graph);
        if (i % 2 == 0)
            op->inputs[op->n_inputs++] = bias;
        set_window(&graph, c[2], c[3], c[4]);
        op->window.output_padding[0] = op->window.output_padding[1] = c[5];
        op->window.group = c[6];
        y = conv_activated(&graph, y, c[1], 7, 1, 1, ACTIVATION_RELU);
        check(&graph, y, 18, 26);
    }
}

static void pools(void **state) {
    (void)state;
    /* kernel, stride, padding, ceil */
    const int64_t cases[][4] = {{5, 1, 2, 0}, {2, 2, 0, 0}, {3, 2, 1, 1}, {2, 2, 0, 1},
                                {3, 2, 0, 1}, {9, 1, 4, 0}, {3, 3, 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int kind = 0; kind < 3; kind++) {
            struct graph graph = net_start();
            int x = conv_activated(&graph, graph.input, 3, 12, 3, 2, ACTIVATION_NONE);
            int y = net_op(&graph, kind ? OP_AVERAGE_POOL : OP_MAX_POOL, x, -1);
            set_window(&graph, cases[i][0], cases[i][1], cases[i][2]);
            net_last(&graph)->window.ceil_mode = cases[i][3] != 0;
            net_last(&graph)->pool_count_padding = kind == 2;
            check(&graph, y, 26, 38);
        }
    for (int planar = 0; planar < 2; planar++) { /* windows larger than the map, off their cell */
        struct graph wide = net_start();
        int x = planar ? wide.input : stem(&wide, 12);
        int y = net_op(&wide, OP_MAX_POOL, x, -1);
        set_window(&wide, 9, 1, 4);
        net_last(&wide)->window.kernel[1] = 4;
        memcpy(net_last(&wide)->window.pad, (int64_t[]){4, 0, 4, 3}, 4 * sizeof(int64_t));
        check(&wide, y, 6, 8);
    }
    struct graph graph = net_start(); /* of planes */
    int y = net_op(&graph, OP_MAX_POOL, graph.input, -1);
    set_window(&graph, 3, 1, 1);
    check(&graph, y, 26, 38);
}

static void resizes(void **state) {
    (void)state;
    const float scales[][2] = {{2, 2}, {3, 1}, {1.5f, 1.5f}, {0.5f, 0.5f}, {2, 0.75f}};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        for (int planar = 0; planar < 2; planar++) {
            struct graph graph = net_start();
            int x = planar ? graph.input : stem(&graph, 20);
            int y = net_op(&graph, OP_RESIZE, x, -1);
            memcpy(net_last(&graph)->scale, scales[i], sizeof scales[i]);
            check(&graph, y, 18, 22);
        }
}

static void unary_operators(void **state) {
    (void)state;
    for (int kind = ACTIVATION_NONE; kind <= ACTIVATION_SOFTPLUS; kind++) {
        struct graph graph = net_start();
        int x = conv_activated(&graph, graph.input, 3, 13, 3, 2, ACTIVATION_NONE);
        int y = net_activation(&graph, x, (enum activation)kind);
        net_last(&graph)->alpha = 0.2f;
        net_last(&graph)->beta = 0.6f;
        y = conv_activated(&graph, y, 13, 4, 3, 1, ACTIVATION_NONE);
        x = net_activation(&graph, graph.input, (enum activation)kind); /* planes */
        net_last(&graph)->alpha = 0.2f;
        net_last(&graph)->beta = 0.6f;
        x = conv_activated(&graph, x, 3, 4, 3, 2, ACTIVATION_NONE);
        check(&graph, CONCAT(&graph, x, y), 18, 22);
    }
    for (int kind = UNARY_EXP; kind <= UNARY_ERF; kind++) {
        struct graph graph = net_start();
        int x = stem(&graph, 5);
        x = net_binary(&graph, BINARY_MUL, x, x); /* in the domain of all */
        int one = net_constant(&graph, SCALAR, 0);
        *(float *)graph.tensors[one].data = 1.0f;
        x = net_binary(&graph, BINARY_ADD, x, one);
        int y = net_op(&graph, OP_UNARY, x, -1);
        net_last(&graph)->unary = (enum unary)kind;
        if (kind != UNARY_FLOOR && kind != UNARY_CEIL && kind != UNARY_ROUND)
            check(&graph, y, 10, 12);
        else
            graph_free(&graph);
    }
}

/* In blocks, as quantised networks have it; of numbers that no way of summing takes across a half.
 */
static void rounds_in_blocks(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = conv_activated(&graph, graph.input, 3, 13, 3, 2, ACTIVATION_NONE);
    int steep = net_activation(&graph, x, ACTIVATION_HARD_SIGMOID);
    net_last(&graph)->alpha = 1e6f;
    int factor = net_constant(&graph, SCALAR, 0);
    *(float *)graph.tensors[factor].data = 3.4f;
    int y = net_binary(&graph, BINARY_MUL, steep, factor);
    y = net_op(&graph, OP_UNARY, y, -1);
    net_last(&graph)->unary = UNARY_ROUND;
    check(&graph, conv_activated(&graph, y, 13, 4, 3, 1, ACTIVATION_NONE), 18, 22);
}

static void large_activations(void **state) {
    (void)state;
    /* exp must neither overflow into NaN nor lose the tail. */
    for (int kind = ACTIVATION_NONE; kind <= ACTIVATION_SOFTPLUS; kind++) {
        struct graph graph = net_start();
        int thousand = net_constant(&graph, SCALAR, 0);
        *(float *)graph.tensors[thousand].data = 1000.0f;
        int x = net_binary(&graph, BINARY_MUL, graph.input, thousand);
        check(&graph, net_activation(&graph, x, (enum activation)kind), 10, 12);
    }
}

static void binary_operators(void **state) {
    (void)state;
    for (int kind = BINARY_ADD; kind <= BINARY_MAX; kind++) {
        struct graph graph = net_start();
        int a = conv_activated(&graph, graph.input, 3, 5, 3, 2, ACTIVATION_SIGMOID);
        int b = conv_activated(&graph, graph.input, 3, 5, 3, 2, ACTIVATION_SOFTPLUS);
        int scalar = net_constant(&graph, SCALAR, 0);
        *(float *)graph.tensors[scalar].data = 0.75f;
        int row = net_op(&graph, OP_SLICE, b, -1);
        net_last(&graph)->slice[2] = (struct slice_range){0, 1, 1};
        net_last(&graph)->slice[3] = (struct slice_range){0, 1, 1};
        int half = net_op(&graph, OP_MAX_POOL, graph.input, -1); /* planes */
        set_window(&graph, 2, 2, 0);
        half = net_activation(&graph, half, ACTIVATION_SIGMOID);
        half = CONCAT(&graph, half, slice_channels(&graph, half, 0, 2));
        int y = net_binary(&graph, (enum binary)kind, a, b);
        int z = net_binary(&graph, (enum binary)kind, a, scalar);
        int v = net_binary(&graph, (enum binary)kind, scalar, b);
        int w = net_binary(&graph, (enum binary)kind, a, row);
        int u = net_binary(&graph, (enum binary)kind, a, half);
        check(&graph, CONCAT(&graph, y, z, v, w, u), 18, 22);
    }
}

static void matrix_products(void **state) {
    (void)state;
    for (int64_t inner = 1; inner <= 7; inner += 3) {
        struct graph graph = net_start();
        int x = stem(&graph, 6 * inner);
        int a = RESHAPE(&graph, x, 2, 3, -1, inner); /* (2,3,R,inner) */
        int b = net_constant(&graph, SHAPE(3, inner, 5), 1);
        int y = net_op(&graph, OP_MATMUL, a, b);
        y = RESHAPE(&graph, y, 1, 5, -1);
        int vector = net_constant(&graph, SHAPE(inner), 1); /* a matrix times a vector */
        int z = RESHAPE(&graph, net_op(&graph, OP_MATMUL, a, vector), 1, 1, -1);
        int parts[] = {RESHAPE(&graph, y, 1, 1, -1), z};
        check_final(&graph, concat(&graph, 2, 2, parts), false, 8, 10);
    }
}

static void transposes(void **state) {
    (void)state;
    for (size_t number = 0; number < 256; number++) { /* its digits to the base of 4 */
        size_t permutation[4], seen = 0;
        for (size_t i = 0; i < 4; i++) {
            permutation[i] = number >> 2 * i & 3;
            seen |= (size_t)1 << permutation[i];
        }
        if (seen != 15)
            continue;
        struct graph graph = net_start();
        int y = RESHAPE(&graph, stem(&graph, 20), 5, 4, 9, -1);
        y = transpose(&graph, y, 4, permutation);
        check_final(&graph, RESHAPE(&graph, y, 1, 6, -1), false, 18, 38);
    }
}

static void softmaxes(void **state) {
    (void)state;
    for (int64_t axis = 0; axis < 4; axis++) {
        struct graph graph = net_start();
        int y = net_op(&graph, OP_SOFTMAX, stem(&graph, 20), -1);
        net_last(&graph)->axis = axis;
        check(&graph, y, 18, 22);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),
        cmocka_unit_test(convolution_activations),
        cmocka_unit_test(convolution_without_bias),
        cmocka_unit_test(convolution_groups),
        cmocka_unit_test(convolution_geometry),
        cmocka_unit_test(transposed_convolutions),
        cmocka_unit_test(pools),
        cmocka_unit_test(resizes),
        cmocka_unit_test(unary_operators),
        cmocka_unit_test(rounds_in_blocks),
        cmocka_unit_test(large_activations),
        cmocka_unit_test(binary_operators),
        cmocka_unit_test(matrix_products),
        cmocka_unit_test(transposes),
        cmocka_unit_test(softmaxes),
    };
    return RUN_TESTS(tests);
}
