/* The CPU backend, operator by operator, against graph_evaluate: in planes and blocks, with 1 to 3
 * threads. */
#include "cpu_rig.h"

/* Large weights would let rounding errors grow beyond any fixed tolerance. */
static void scale_weights(struct graph *graph) {
    for (size_t i = 0; i < graph->n_tensors; i++) {
        struct tensor *tensor = &graph->tensors[i];
        if (!tensor->constant || tensor->dtype != DTYPE_F32 || !tensor->shape.rank)
            continue;
        float *data = tensor->data;
        size_t n = (size_t)shape_elements(&tensor->shape);
        double inputs = 1.0;
        for (size_t k = 1; k < tensor->shape.rank; k++)
            inputs *= (double)tensor->shape.dims[k];
        fill_random(data, n, (uint32_t)i + 1);
        for (size_t k = 0; k < n; k++)
            data[k] *= (float)(1.5 / sqrt(inputs));
    }
}

/* Layouts, and the numbers of threads that must give the same bytes. */
static const struct {
    size_t block, fewest, most;
} setups[] = {{0, 1, 3}, {1, 1, 2}, {8, 2, 2}, {16, 1, 1}};

/* Runs and frees a graph whose head is complete. */
static void check_head(struct graph *graph, size_t height, size_t width) {
    float *planes = random_planes(height, width, 7), *expected;
    scale_weights(graph);
    ASSERT_OK(graph_evaluate(graph, (int64_t)height, (int64_t)width, planes,
                             &graph->head.levels[0].boxes, 1, &expected));
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) {
        float *first = NULL;
        for (size_t threads = setups[i].fewest; threads <= setups[i].most; threads++) {
            struct cpu_network *network;
            size_t n;
            ASSERT_OK(cpu_network_make(graph, threads, setups[i].block, &network));
            float *result = network_result(network, height, width, planes, &n);
            assert_close(result, expected, n, 1e-4f);
            if (first && memcmp(result, first, n * sizeof *result) != 0)
                fail_msg("block %zu: %zu threads change the result", setups[i].block, threads);
            if (!first)
                first = result;
            if (first != result)
                free(result);
            cpu_network_free(network);
        }
        free(first);
    }
    free(expected);
    free(planes);
    graph_free(graph);
}

/* The same for a graph that ends in a map (1,C,H,W). */
static void check(struct graph *graph, int result, size_t height, size_t width) {
    net_head(graph, result, result);
    check_head(graph, height, width);
}

/* The same for a graph that ends in rows (1,C,A) or (1,A,C). */
static void check_final(struct graph *graph, int result, bool channels_last, size_t height,
                        size_t width) {
    net_head(graph, result, result);
    graph->head.kind = HEAD_FINAL;
    graph->head.channels_last = channels_last;
    check_head(graph, height, width);
}

static int conv_activated(struct graph *graph, int x, int64_t from, int64_t to, int64_t kernel,
                          int64_t stride, enum activation activation) {
    int y = net_conv(graph, x, from, to, kernel, stride, true);
    net_last(graph)->activation = activation;
    net_last(graph)->alpha = 0.1f;
    net_last(graph)->beta = 0.5f;
    return y;
}

/* A map of this many channels, half the size of the input. */
static int stem(struct graph *graph, int64_t channels) {
    return conv_activated(graph, graph->input, 3, channels, 3, 2, ACTIVATION_SILU);
}

static void set_window(struct graph *graph, int64_t kernel, int64_t stride, int64_t pad) {
    struct window *window = &net_last(graph)->window;
    for (size_t i = 0; i < 4; i++) {
        window->kernel[i % 2] = kernel;
        window->stride[i % 2] = stride;
        window->pad[i] = pad;
    }
}

static int slice_channels(struct graph *graph, int x, int64_t start, int64_t end) {
    int y = net_op(graph, OP_SLICE, x, -1);
    net_last(graph)->slice[1] = (struct slice_range){start, end, 1};
    return y;
}

static int concat(struct graph *graph, int64_t axis, size_t n, const int *parts) {
    int y = net_op(graph, OP_CONCAT, parts[0], -1);
    struct op *op = net_last(graph);
    op->n_inputs = n;
    op->axis = axis;
    for (size_t i = 0; i < n; i++)
        op->inputs[i] = parts[i];
    return y;
}
#define CONCAT(graph, ...)                                                                         \
    concat((graph), 1, sizeof((int[]){__VA_ARGS__}) / sizeof(int), (int[]){__VA_ARGS__})

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
    const int64_t cases[][3] = {{16, 16, 16}, {20, 20, 20}, {5, 5, 5},  {32, 32, 2},
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

static int reshape(struct graph *graph, int x, size_t rank, const int64_t *dims) {
    int y = net_op(graph, OP_RESHAPE, x, -1);
    struct op *op = net_last(graph);
    op->n_reshape = rank;
    for (size_t i = 0; i < rank; i++)
        op->reshape[i] = dims[i] < 0
                             ? (struct reshape_dim){.source = DIM_REST}
                             : (struct reshape_dim){.source = DIM_CONSTANT, .value = dims[i]};
    return y;
}
#define RESHAPE(graph, x, ...)                                                                     \
    reshape((graph), (x), sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                      \
            (int64_t[]){__VA_ARGS__})

static int transpose(struct graph *graph, int x, size_t rank, const size_t *permutation) {
    int y = net_op(graph, OP_TRANSPOSE, x, -1);
    memcpy(net_last(graph)->permutation, permutation, rank * sizeof *permutation);
    return y;
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

static void softmaxes(void **state) {
    (void)state;
    for (int64_t axis = 0; axis < 4; axis++) {
        struct graph graph = net_start();
        int y = net_op(&graph, OP_SOFTMAX, stem(&graph, 20), -1);
        net_last(&graph)->axis = axis;
        check(&graph, y, 18, 22);
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
        int large = stem(&graph, 9), small = conv_activated(&graph, large, 9, 9, 3, 2,
                                                            ACTIVATION_SIGMOID);
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
        ASSERT_OK(cpu_network_make(&graph, 2, 0, &network));
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
    ASSERT_OK(cpu_network_make(&graph, 2, 0, &network));
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

static void refuses(struct graph *graph, const char *reason) {
    struct cpu_network *network;
    ASSERT_OK(cpu_network_make(graph, 1, 0, &network));
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
        cmocka_unit_test(convolutions),
        cmocka_unit_test(convolution_activations),
        cmocka_unit_test(convolution_without_bias),
        cmocka_unit_test(convolution_groups),
        cmocka_unit_test(convolution_geometry),
        cmocka_unit_test(transposed_convolutions),
        cmocka_unit_test(pools),
        cmocka_unit_test(resizes),
        cmocka_unit_test(concatenations),
        cmocka_unit_test(slices),
        cmocka_unit_test(split_blocks),
        cmocka_unit_test(focus),
        cmocka_unit_test(unary_operators),
        cmocka_unit_test(large_activations),
        cmocka_unit_test(binary_operators),
        cmocka_unit_test(attention),
        cmocka_unit_test(matrix_products),
        cmocka_unit_test(softmaxes),
        cmocka_unit_test(rare_operators),
        cmocka_unit_test(final_heads),
        cmocka_unit_test(many_sizes),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
