/* The CPU backend on graphs: how operators share and copy their maps; heads, input sizes, refusals.
 * Against graph_evaluate. */
#include "cpu_rig.h"

#include <omp.h>

#include "graph_evaluate.h"
#include "unit.h"

static void concatenations(void **state) {
    (void)state;
    const int64_t cases[][3] = {{8, 16, 8},  {8, 8, 5},    {5, 8, 3},   {12, 20, 4},
                                {16, 16, 1}, {32, 16, 16}, {16, 8, 12}, {1, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int64_t *c = cases[i];
        struct graph graph = net_start();
        int a = stem(&graph, c[0]), b = stem(&graph, c[1]), d = stem(&graph, c[2]);
        int y = CONCAT(&graph, a, b, d);
        /* Parts that are in two concatenations, or twice in one. */
        int z = CONCAT(&graph, b, y, a, b);
        z = conv_activated(&graph, z, c[0] * 2 + c[1] * 3 + c[2], 11, 1, 1, ACTIVATION_SILU);
        int sum = conv_activated(&graph, y, c[0] + c[1] + c[2], 11, 3, 1, ACTIVATION_SILU);
        check(&graph, net_binary(&graph, BINARY_ADD, z, sum), 18, 22);
    }
    struct graph graph = net_start(); /* planes with blocks, the input, along the height */
    int half = net_op(&graph, OP_MAX_POOL, graph.input, -1);
    set_window(&graph, 2, 2, 0);
    int y = CONCAT(&graph, half, stem(&graph, 13), half);
    int parts[] = {y, y};
    check(&graph, concat(&graph, 2, 2, parts), 18, 22);
    graph = net_start();
    parts[0] = parts[1] = graph.input;
    check(&graph, concat(&graph, 1, 2, parts), 6, 5);
}

static void slices(void **state) {
    (void)state;
    const int64_t cases[][3] = {{32, 0, 16}, {32, 16, 32}, {32, 8, 24}, {20, 8, 20},
                                {20, 3, 11}, {20, 8, 13},  {12, 0, 12}, {12, 5, 6}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct graph graph = net_start();
        int y = slice_channels(&graph, stem(&graph, cases[i][0]), cases[i][1], cases[i][2]);
        check(&graph, y, 18, 22);
    }
    for (int planar = 0; planar < 2; planar++) { /* rows and columns, skipping some */
        struct graph graph = net_start();
        int x = planar ? graph.input : stem(&graph, 12);
        int y = net_op(&graph, OP_SLICE, x, -1);
        net_last(&graph)->slice[2] = (struct slice_range){1, INT64_MAX, 2};
        net_last(&graph)->slice[3] = (struct slice_range){-7, -1, 1};
        y = net_op(&graph, OP_SLICE, y, -1);
        net_last(&graph)->slice[1] = (struct slice_range){1, 3, 1};
        check(&graph, y, 18, 22);
    }
}

/* The block of YOLOv8: both halves of a split and what is made of one of them, side by side. */
static void split_blocks(void **state) {
    (void)state;
    const int64_t halves[] = {8, 16, 12, 5, 3};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        int64_t half = halves[i];
        struct graph graph = net_start();
        int x = stem(&graph, 2 * half);
        int a = slice_channels(&graph, x, 0, half), b = slice_channels(&graph, x, half, 2 * half);
        int c = conv_activated(&graph, b, half, half, 3, 1, ACTIVATION_SILU);
        c = conv_activated(&graph, c, half, half, 3, 1, ACTIVATION_SILU);
        net_last(&graph)->inputs[net_last(&graph)->n_inputs++] = b;
        int y = CONCAT(&graph, a, b, c);
        /* The other order needs a copy; x itself is used once more. */
        int z = CONCAT(&graph, c, b, a, x);
        int sum = conv_activated(&graph, z, 5 * half, 9, 1, 1, ACTIVATION_SILU);
        y = conv_activated(&graph, y, 3 * half, 9, 1, 1, ACTIVATION_SILU);
        check(&graph, CONCAT(&graph, y, sum, x), 20, 28);
    }
}

/* YOLOv5's first layer, version 5: every second pixel, side by side. */
static void focus(void **state) {
    (void)state;
    struct graph graph = net_start();
    int parts[4];
    for (int i = 0; i < 4; i++) {
        parts[i] = net_op(&graph, OP_SLICE, graph.input, -1);
        net_last(&graph)->slice[2] = (struct slice_range){i % 2, INT64_MAX, 2};
        net_last(&graph)->slice[3] = (struct slice_range){i / 2, INT64_MAX, 2};
    }
    int x = concat(&graph, 1, 4, parts);
    check(&graph, conv_activated(&graph, x, 12, 16, 3, 1, ACTIVATION_SILU), 20, 28);
}

/* The attention of YOLO11: queries, keys and values from one convolution, a depthwise convolution
 * of the values added. */
static void attention(void **state) {
    (void)state;
    const size_t swap[] = {0, 1, 3, 2};
    for (int64_t key = 4; key <= 8; key += 4) {
        enum { HEADS = 2, TOKENS = 9 * 11 };
        int64_t value = 2 * key, channels = HEADS * value;
        struct graph graph = net_start();
        int x = stem(&graph, channels);
        int qkv = net_conv(&graph, x, channels, HEADS * (2 * key + value), 1, 1, true);
        qkv = RESHAPE(&graph, qkv, 1, HEADS, 2 * key + value, TOKENS);
        int parts[3];
        const int64_t starts[] = {0, key, 2 * key, 2 * key + value};
        for (size_t i = 0; i < 3; i++) {
            parts[i] = net_op(&graph, OP_SLICE, qkv, -1);
            net_last(&graph)->slice[2] = (struct slice_range){starts[i], starts[i + 1], 1};
        }
        int scores = net_op(&graph, OP_MATMUL, transpose(&graph, parts[0], 4, swap), parts[1]);
        int scale = net_constant(&graph, SCALAR, 0);
        *(float *)graph.tensors[scale].data = 0.35f;
        scores = net_binary(&graph, BINARY_MUL, scores, scale);
        scores = net_op(&graph, OP_SOFTMAX, scores, -1);
        net_last(&graph)->axis = 3;
        scores = transpose(&graph, scores, 4, swap);
        int y = net_op(&graph, OP_MATMUL, parts[2], scores);
        y = RESHAPE(&graph, y, 1, channels, 9, 11);
        int position = RESHAPE(&graph, parts[2], 1, channels, 9, 11);
        position = net_conv(&graph, position, 1, channels, 3, 1, true);
        net_last(&graph)->window.group = channels;
        y = net_binary(&graph, BINARY_ADD, y, position);
        y = net_conv(&graph, y, channels, channels, 1, 1, true);
        check(&graph, net_binary(&graph, BINARY_ADD, x, y), 18, 22);
    }
}

/* Operators that only the plain C way knows, among others in blocks. */
static void rare_operators(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 12);
    int padded = net_op(&graph, OP_PAD, x, -1);
    memcpy(net_last(&graph)->pads, (int64_t[]){0, 1, 2, 0, 0, 2, 0, 1}, 8 * sizeof(int64_t));
    net_last(&graph)->pad_value = 0.5f;
    check(&graph, net_conv(&graph, padded, 15, 8, 3, 1, true), 18, 22);

    graph = net_start();
    x = stem(&graph, 12);
    int mean = net_op(&graph, OP_REDUCE, x, -1); /* squeeze and excite */
    struct op *op = net_last(&graph);
    op->reduce = REDUCE_MEAN;
    op->keep_dims = true;
    op->n_axes = 2;
    memcpy(op->axes, (int64_t[]){2, 3}, 2 * sizeof(int64_t));
    mean = conv_activated(&graph, mean, 12, 12, 1, 1, ACTIVATION_SIGMOID);
    check(&graph, net_binary(&graph, BINARY_MUL, x, mean), 18, 22);

    graph = net_start();
    x = stem(&graph, 4);
    int indices;
    struct shape shape = SHAPE(3);
    ASSERT_OK(graph_add_tensor(&graph, "indices", &indices));
    ASSERT_OK(graph_make_constant(&graph, indices, DTYPE_I64, &shape));
    memcpy(graph.tensors[indices].data, (int64_t[]){3, 0, -2}, 3 * sizeof(int64_t));
    int y = net_op(&graph, OP_GATHER, x, indices);
    net_last(&graph)->axis = 1;
    check(&graph, net_conv(&graph, y, 3, 8, 1, 1, true), 18, 22);

    graph = net_start(); /* channel shuffle */
    x = RESHAPE(&graph, stem(&graph, 12), 1, 3, 4, 9, 11);
    x = transpose(&graph, x, 5, (size_t[]){0, 2, 1, 3, 4});
    check(&graph, net_conv(&graph, RESHAPE(&graph, x, 1, 12, 9, 11), 12, 8, 1, 1, true), 18, 22);

    graph = net_start();
    x = stem(&graph, 9);
    y = net_op(&graph, OP_BATCH_NORM, x, net_constant(&graph, SHAPE(9), 1));
    op = net_last(&graph);
    op->alpha = 2.0f;
    op->n_inputs = 5;
    op->inputs[2] = op->inputs[3] = op->inputs[1];
    op->inputs[4] = op->inputs[1];
    check(&graph, net_conv(&graph, y, 9, 8, 1, 1, true), 18, 22);
}

/* A head that the graph itself decodes: rows of all levels behind one another. */
static void final_heads(void **state) {
    (void)state;
    for (int last = 0; last < 2; last++) {
        struct graph graph = net_start();
        int large = stem(&graph, 9),
            small = conv_activated(&graph, large, 9, 9, 3, 2, ACTIVATION_SIGMOID);
        int parts[] = {RESHAPE(&graph, large, 1, 9, -1), RESHAPE(&graph, small, 1, 9, -1)};
        int y = concat(&graph, 2, 2, parts);
        if (last)
            y = transpose(&graph, y, 3, (size_t[]){0, 2, 1});
        net_head(&graph, y, y);
        graph.head.kind = HEAD_FINAL;
        graph.head.channels_last = last != 0;
        float *planes = random_planes(16, 24, 3), *expected;
        scale_weights(&graph);
        ASSERT_OK(graph_evaluate(&graph, 16, 24, planes, &y, 1, &expected));
        struct cpu_network *network;
        struct head_maps maps;
        ASSERT_OK(cpu_network_make(&graph, &(struct cpu_options){.threads = 2}, &network));
        ASSERT_OK(cpu_network_forward(network, 16, 24, planes, &maps));
        const struct head_map *map = &maps.boxes[0];
        assert_int_equal(map->channels, 9);
        assert_int_equal(map->width * map->height, 8 * 12 + 4 * 6);
        assert_int_equal(map->block, last ? 9 : 1);
        assert_close(map->data, expected, 9 * 120, 1e-4f);
        assert_ptr_equal(maps.scores[0].data, map->data);
        cpu_network_free(network);
        free(expected);
        free(planes);
        graph_free(&graph);
    }
}

/* Input sizes in turn, twice: the same bytes each time. */
static void many_sizes(void **state) {
    (void)state;
    const size_t sizes[][2] = {{32, 64}, {96, 128}, {64, 32}, {96, 96}};
    enum { N = sizeof sizes / sizeof *sizes };
    struct graph graph = net_start();
    int x = stem(&graph, 20);
    int y = conv_activated(&graph, x, 20, 12, 3, 2, ACTIVATION_SILU);
    int up = net_op(&graph, OP_RESIZE, y, -1);
    net_last(&graph)->scale[0] = net_last(&graph)->scale[1] = 2.0f;
    y = conv_activated(&graph, CONCAT(&graph, up, x), 32, 9, 1, 1, ACTIVATION_SIGMOID);
    net_head(&graph, y, y);
    scale_weights(&graph);
    struct cpu_network *network;
    ASSERT_OK(cpu_network_make(&graph, &(struct cpu_options){.threads = 2}, &network));
    float *first[N];
    for (size_t i = 0; i < 2 * N; i++) {
        size_t at = i < N ? i : 2 * N - 1 - i, n;
        float *planes = random_planes(sizes[at][0], sizes[at][1], 5), *expected;
        float *result = network_result(network, sizes[at][0], sizes[at][1], planes, &n);
        if (i < N) {
            ASSERT_OK(graph_evaluate(&graph, (int64_t)sizes[at][0], (int64_t)sizes[at][1], planes,
                                     &y, 1, &expected));
            assert_close(result, expected, n, 1e-4f);
            free(expected);
            first[at] = result;
        } else {
            assert_memory_equal(result, first[at], n * sizeof *result);
            free(result);
            free(first[at]);
        }
        free(planes);
    }
    cpu_network_free(network);
    graph_free(&graph);
}

enum { MOST_STEPS = 16 };

struct sequence {
    const struct op *ops[MOST_STEPS];
    size_t n;
};

static void note_step(void *context, const struct cpu_step *step) {
    struct sequence *sequence = context;
    assert_true(sequence->n < MOST_STEPS);
    sequence->ops[sequence->n++] = step->op;
}

/* Each map of the head comes before what only later ones need, and all of it runs once. */
static void branches_first(void **state) {
    (void)state;
    /* By operator: 0 stem, 1 and 2 the next strides, 3 to 5 boxes, 6 to 8 scores of each stride. */
    static const size_t expected[] = {0, 3, 6, 1, 4, 7, 2, 5, 8};
    enum { LEVELS = 3, STEPS = sizeof expected / sizeof *expected };
    struct graph graph = net_start();
    int x[LEVELS] = {stem(&graph, 8)};
    for (size_t i = 1; i < LEVELS; i++)
        x[i] = conv_activated(&graph, x[i - 1], 8, 8, 3, 2, ACTIVATION_SILU);
    net_head(&graph, 0, 0);
    graph.head.n_levels = LEVELS;
    for (size_t i = 0; i < LEVELS; i++)
        graph.head.levels[i].boxes = net_conv(&graph, x[i], 8, 16, 1, 1, true);
    for (size_t i = 0; i < LEVELS; i++)
        graph.head.levels[i].scores = net_conv(&graph, x[i], 8, 5, 1, 1, true);
    struct cpu_network *network;
    struct head_maps maps;
    struct sequence sequence = {.n = 0};
    float *planes = random_planes(32, 40, 7);
    ASSERT_OK(cpu_network_make(&graph, &(struct cpu_options){.threads = 1, .block = 8}, &network));
    ASSERT_OK(cpu_network_trace(network, 32, 40, planes, &maps,
                                &(struct cpu_trace){note_step, &sequence}));
    const struct op *before = NULL; /* an activation may be a step of its own */
    size_t n = 0;
    for (size_t i = 0; i < sequence.n; i++) {
        if (sequence.ops[i] == before)
            continue;
        before = sequence.ops[i];
        assert_true(n < STEPS);
        assert_int_equal(before - graph.ops, expected[n++]);
    }
    assert_int_equal(n, STEPS);
    cpu_network_free(network);
    free(planes);
    graph_free(&graph);
}

/* What OpenMP is set to in the calling thread neither matters nor changes. */
static void callers_threads(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 24);
    int y = net_conv(&graph, x, 24, 24, 5, 1, true);
    net_head(&graph, y, y);
    scale_weights(&graph);
    float *planes = random_planes(44, 52, 3), *results[2];
    size_t n;
    for (size_t block = 1; block <= 8; block += 7) {
        for (int i = 0; i < 2; i++) {
            struct cpu_network *network;
            omp_set_num_threads(1 + 3 * i);
            ASSERT_OK(cpu_network_make(&graph, &(struct cpu_options){.threads = 2, .block = block},
                                       &network));
            results[i] = network_result(network, 44, 52, planes, &n);
            assert_int_equal(omp_get_max_threads(), 1 + 3 * i);
            cpu_network_free(network);
        }
        assert_memory_equal(results[0], results[1], n * sizeof *results[0]);
        free(results[0]);
        free(results[1]);
    }
    free(planes);
    graph_free(&graph);
}

static void refuses(struct graph *graph, const char *reason) {
    struct cpu_network *network;
    ASSERT_OK(cpu_network_make(graph, &(struct cpu_options){.threads = 1}, &network));
    assert_int_equal(cpu_network_compile(network, 16, 16), STATUS_BAD_INPUT);
    if (!strstr(status_message(), reason))
        fail_msg("the message is \"%s\"; it should say \"%s\"", status_message(), reason);
    cpu_network_free(network);
    graph_free(graph);
}

static void refusals(void **state) {
    (void)state;
    struct graph graph = net_start();
    int y = net_op(&graph, OP_UNKNOWN, stem(&graph, 8), -1);
    net_head(&graph, y, y);
    refuses(&graph, "operator Type, node 'node'");
    graph = net_start();
    y = RESHAPE(&graph, stem(&graph, 8), 1, -1);
    net_head(&graph, y, y);
    refuses(&graph, "the head's tensor 'feature' of shape (1,512) is no map");
    graph = net_start(); /* a size that the graph does not accept */
    y = RESHAPE(&graph, stem(&graph, 8), 1, 8, 5, 5);
    net_head(&graph, y, y);
    refuses(&graph, "operator Type, node 'node'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concatenations), cmocka_unit_test(slices),
        cmocka_unit_test(split_blocks),   cmocka_unit_test(focus),
        cmocka_unit_test(attention),      cmocka_unit_test(rare_operators),
        cmocka_unit_test(final_heads),    cmocka_unit_test(many_sizes),
        cmocka_unit_test(branches_first), cmocka_unit_test(callers_threads),
        cmocka_unit_test(refusals),
    };
    return RUN_TESTS(tests);
}
