/* Our own convolutions against direct ones in double: sizes and channels that fill neither tiles
 * nor blocks, any chunk, activations, residuals, blocks of 8 and of 16; and when the network uses
 * them. */
#include "cpu_rig.h"

#include "unit.h"

static const size_t blocks[] = {8, 16};
enum { N_BLOCKS = sizeof blocks / sizeof *blocks };

struct layer {
    size_t block, kernel, stride, height, width, in_channels, out_channels;
    enum activation activation;
    bool bias, residual;
};

/* Channels filled up to whole blocks. */
static size_t padded(const struct layer *layer, size_t channels) {
    return (channels + layer->block - 1) / layer->block * layer->block;
}

static size_t out_height(const struct layer *layer) {
    return (layer->height + layer->stride - 1) / layer->stride;
}

static size_t out_width(const struct layer *layer) {
    return (layer->width + layer->stride - 1) / layer->stride;
}

static float *floats(size_t n) {
    size_t bytes = (n * sizeof(float) + 63) / 64 * 64;
    float *data = aligned_alloc(64, bytes + 64);
    assert_non_null(data);
    memset(data, 0, bytes + 64);
    return data;
}

/* A map in blocks, its padding zeros. */
static float *random_map(const struct layer *layer, size_t channels, size_t cells, uint32_t seed) {
    size_t n = padded(layer, channels) * cells, block = layer->block;
    float *map = floats(n);
    fill_random(map, n, seed);
    for (size_t i = 0; i < n; i++)
        if (i / (cells * block) * block + i % block >= channels)
            map[i] = 0.0f;
    return map;
}

static double activated(enum activation activation, double x) {
    switch ((int)activation) {
    case ACTIVATION_SILU:
        return x / (1.0 + exp(-x));
    case ACTIVATION_RELU:
        return x < 0 ? 0 : x;
    case ACTIVATION_LEAKY_RELU:
        return x < 0 ? 0.1f * x : x;
    default:
        return x;
    }
}

struct constants {
    float *weights, *bias; /* (out, in, k, k), (blocks of out) */
};

static double direct(const struct layer *layer, const struct constants *constants, const float *src,
                     size_t o, size_t y, size_t x) {
    double sum = layer->bias ? (double)constants->bias[o] : 0.0;
    size_t k = layer->kernel, pad = k / 2, block = layer->block;
    for (size_t i = 0; i < layer->in_channels; i++)
        for (size_t tap = 0; tap < k * k; tap++) {
            size_t row = y * layer->stride + tap / k, column = x * layer->stride + tap % k;
            if (row < pad || column < pad || row - pad >= layer->height ||
                column - pad >= layer->width)
                continue;
            size_t cell = (row - pad) * layer->width + column - pad;
            sum +=
                (double)constants->weights[(o * layer->in_channels + i) * k * k + tap] *
                (double)src[(i / block * layer->height * layer->width + cell) * block + i % block];
        }
    return sum;
}

/* Every output against the direct sum; those of padded channels are zeros. */
static void check_map(const struct layer *layer, const struct constants *constants,
                      const float *src, const float *residual, const float *dst) {
    size_t height = out_height(layer), width = out_width(layer), cells = height * width;
    size_t block = layer->block;
    for (size_t o = 0; o < padded(layer, layer->out_channels); o++)
        for (size_t cell = 0; cell < cells; cell++) {
            size_t at = (o / block * cells + cell) * block + o % block;
            double expected = 0.0;
            if (o < layer->out_channels)
                expected = activated(layer->activation,
                                     direct(layer, constants, src, o, cell / width, cell % width)) +
                           (residual ? (double)residual[at] : 0.0);
            if (!(fabs((double)dst[at] - expected) <= 1e-5 * fmax(1.0, fabs(expected))))
                fail_msg("blocks of %zu, %zux%zu/%zu %zu -> %zu of %zux%zu: channel %zu, cell %zu "
                         "is %.9g; %.9g "
                         "is expected",
                         block, layer->kernel, layer->kernel, layer->stride, layer->in_channels,
                         layer->out_channels, layer->height, layer->width, o, cell, (double)dst[at],
                         expected);
        }
}

static void run_winograd(const struct layer *layer, const struct constants *constants, size_t chunk,
                         const float *src, const float *residual, float *dst) {
    struct winograd winograd = winograd_of(layer->block, layer->stride, layer->height, layer->width,
                                           layer->in_channels, layer->out_channels, 1);
    float *u = floats(winograd_weight_count(&winograd));
    winograd_weights(&winograd, constants->weights, layer->in_channels, layer->out_channels, u);
    winograd.chunk = chunk ? chunk : winograd.chunk;
    winograd.weights = u;
    winograd.bias = constants->bias;
    winograd.activation = layer->activation;
    winograd.alpha = 0.1f;
    float *scratch = floats(winograd_scratch_count(&winograd));
    for (size_t at = 0; at < winograd.n_tiles; at += winograd.chunk) {
        size_t left = winograd.n_tiles - at;
        convolutions_of(layer->block)
            ->winograd_tiles(&winograd, src, residual, dst, at,
                             left < winograd.chunk ? left : winograd.chunk, scratch);
    }
    free(scratch);
    free(u);
}

static void run_pointwise(const struct layer *layer, const struct constants *constants,
                          size_t chunk, const float *src, float *dst) {
    struct pointwise pointwise = pointwise_of(layer->block, layer->height * layer->width,
                                              layer->in_channels, layer->out_channels, 1);
    float *packed = floats(pointwise_weight_count(&pointwise));
    pointwise_weights(&pointwise, constants->weights, layer->in_channels, layer->out_channels,
                      packed);
    pointwise.chunk = chunk ? chunk : pointwise.chunk;
    pointwise.weights = packed;
    pointwise.bias = constants->bias;
    for (size_t at = 0; at < pointwise.cells; at += pointwise.chunk)
        for (size_t pair = 0; pair < pointwise.out_blocks; pair += 2) {
            size_t left = pointwise.cells - at;
            convolutions_of(layer->block)
                ->pointwise_cells(&pointwise, src, dst, pair, at,
                                  left < pointwise.chunk ? left : pointwise.chunk);
        }
    free(packed);
}

/* Against the direct convolution, and the same bytes whatever the chunks are. */
static void check_layer(const struct layer *layer) {
    static const size_t chunks[] = {0, 1, 5, 13};
    size_t k = layer->kernel, out_cells = out_height(layer) * out_width(layer);
    size_t n_weights = layer->out_channels * layer->in_channels * k * k;
    size_t n = padded(layer, layer->out_channels) * out_cells;
    struct constants constants = {floats(n_weights), random_map(layer, layer->out_channels, 1, 5)};
    float *src = random_map(layer, layer->in_channels, layer->height * layer->width, 3);
    float *residual = layer->residual ? random_map(layer, layer->out_channels, out_cells, 4) : NULL;
    float *first = floats(n), *dst = floats(n);
    fill_random(constants.weights, n_weights, 6);
    for (size_t i = 0; i < n_weights; i++)
        constants.weights[i] /= sqrtf((float)(layer->in_channels * k * k));
    if (!layer->bias)
        memset(constants.bias, 0, padded(layer, layer->out_channels) * sizeof(float));
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        float *to = i ? dst : first;
        fill_random(to, n, 9); /* every output has to be written */
        if (k == 3)
            run_winograd(layer, &constants, chunks[i], src, residual, to);
        else
            run_pointwise(layer, &constants, chunks[i], src, to);
        if (i && memcmp(first, dst, n * sizeof *dst) != 0)
            fail_msg("chunks of %zu change the result", chunks[i]);
    }
    check_map(layer, &constants, src, residual, first);
    free(dst);
    free(first);
    free(residual);
    free(src);
    free(constants.bias);
    free(constants.weights);
}

static bool have_kernels(void) {
    return convolutions_of(8) && convolutions_of(16);
}

static const size_t channel_pairs[][2] = {{8, 8}, {16, 24}, {9, 16}, {13, 7}, {24, 33}, {1, 1}};
enum { N_PAIRS = sizeof channel_pairs / sizeof *channel_pairs };

static void winograd_sizes(size_t block) {
    /* Some have inner tiles that end with the map, where one more column or row would be read. */
    static const size_t sizes[][2] = {{8, 8},   {1, 1},   {2, 3},   {4, 5},   {5, 4},
                                      {7, 16},  {20, 9},  {11, 13}, {16, 17}, {13, 16},
                                      {16, 13}, {20, 15}, {15, 20}};
    for (size_t stride = 1; stride <= 2; stride++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (size_t c = 0; c < N_PAIRS; c++) {
                struct layer layer = {block,
                                      3,
                                      stride,
                                      sizes[s][0],
                                      sizes[s][1],
                                      channel_pairs[c][0],
                                      channel_pairs[c][1],
                                      c % 2 ? ACTIVATION_SILU : ACTIVATION_NONE,
                                      true,
                                      s % 2 == 0};
                check_layer(&layer);
            }
}

static void winograd(void **state) {
    (void)state;
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    for (size_t b = 0; b < N_BLOCKS; b++)
        winograd_sizes(blocks[b]);
}

static void winograd_activations(void **state) {
    (void)state;
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    for (int kind = ACTIVATION_NONE; kind <= ACTIVATION_SOFTPLUS; kind++)
        for (int i = 0; winograd_activates((enum activation)kind) && i < 16; i++) {
            struct layer layer = {
                blocks[i / 8], 3,           i & 1 ? 2 : 1, 10, 11, 12, 20, (enum activation)kind,
                (i & 2) != 0,  (i & 4) != 0};
            check_layer(&layer);
        }
}

static void pointwise_sizes(size_t block) {
    static const size_t sizes[][2] = {{1, 1}, {1, 5}, {3, 4}, {7, 7}, {20, 21}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t c = 0; c < N_PAIRS; c++) {
            struct layer layer = {block,
                                  1,
                                  1,
                                  sizes[s][0],
                                  sizes[s][1],
                                  channel_pairs[c][0],
                                  channel_pairs[c][1],
                                  ACTIVATION_NONE,
                                  s % 2 == 0,
                                  false};
            check_layer(&layer);
        }
}

static void pointwise(void **state) {
    (void)state;
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    for (size_t b = 0; b < N_BLOCKS; b++)
        pointwise_sizes(blocks[b]);
}

/* Places of one input at a time, in a larger map than a chunk: far values stay where they are. */
static void impulses(size_t block) {
    struct layer layer = {block, 3, 1, 9, 9, block, block, ACTIVATION_NONE, false, false};
    size_t cells = layer.height * layer.width, n_weights = block * block * 9;
    struct constants constants = {floats(n_weights), floats(block)};
    float *src = floats(block * cells), *dst = floats(block * cells);
    fill_random(constants.weights, n_weights, 2);
    for (size_t at = 0; at < cells; at++) {
        src[at * block + at % block] = 1.0f;
        run_winograd(&layer, &constants, 2, src, NULL, dst);
        check_map(&layer, &constants, src, NULL, dst);
        src[at * block + at % block] = 0.0f;
    }
    free(dst);
    free(src);
    free(constants.bias);
    free(constants.weights);
}

static void winograd_impulse(void **state) {
    (void)state;
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    for (size_t b = 0; b < N_BLOCKS; b++)
        impulses(blocks[b]);
}

struct kinds {
    size_t winograd, pointwise, direct, library;
};

static void count_kind(void *context, const struct cpu_step *step) {
    struct kinds *kinds = context;
    kinds->winograd += strcmp(step->kind, "winograd") == 0;
    kinds->pointwise += strcmp(step->kind, "pointwise") == 0;
    kinds->direct += strcmp(step->kind, "direct") == 0;
    kinds->library += strcmp(step->kind, LIBRARY_STEP) == 0;
}

static struct kinds kinds_of(struct graph *graph, size_t block, bool plain, size_t threads,
                             float **result) {
    struct kinds kinds = {0};
    struct cpu_network *network;
    struct head_maps maps;
    float *planes = random_planes(36, 52, 7);
    const struct cpu_options options = {
        .threads = threads, .block = block, .convolutions = convolutions_of(block), .plain = plain};
    ASSERT_OK(cpu_network_make(graph, &options, &network));
    ASSERT_OK(
        cpu_network_trace(network, 36, 52, planes, &maps, &(struct cpu_trace){count_kind, &kinds}));
    *result = map_planes(&maps.boxes[0]);
    cpu_network_free(network);
    free(planes);
    return kinds;
}

/* Which convolutions are ours, that the plain network has none of them, and that both agree. */
static void choice(void **state) {
    (void)state;
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    struct graph graph = net_start();
    int x = stem(&graph, 32);                                             /* planes: direct */
    x = conv_activated(&graph, x, 32, 40, 3, 2, ACTIVATION_SILU);         /* Winograd */
    x = conv_activated(&graph, x, 40, 40, 3, 1, ACTIVATION_HARD_SIGMOID); /* Winograd */
    x = conv_activated(&graph, x, 40, 8, 1, 1, ACTIVATION_TANH);          /* pointwise */
    x = conv_activated(&graph, x, 8, 8, 3, 2, ACTIVATION_SILU);           /* direct */
    x = conv_activated(&graph, x, 8, 5, 1, 1, ACTIVATION_SILU);           /* too few channels */
    x = conv_activated(&graph, x, 5, 16, 3, 1, ACTIVATION_SILU);          /* direct */
    x = conv_activated(&graph, x, 16, 16, 5, 1, ACTIVATION_SILU);         /* neither 3x3 nor 1x1 */
    x = net_conv(&graph, x, 16, 16, 3, 1, true);
    net_last(&graph)->window.pad[0] = 2; /* other padding: direct */
    x = net_conv(&graph, x, 2, 16, 3, 1, true);
    net_last(&graph)->window.group = 8;
    net_head(&graph, x, x);
    scale_weights(&graph);
    for (size_t b = 0; b < N_BLOCKS; b++) {
        float *expected, *actual;
        struct kinds plain = kinds_of(&graph, blocks[b], true, 1, &expected);
        assert_int_equal(plain.winograd + plain.pointwise + plain.direct, 0);
        struct kinds ours = kinds_of(&graph, blocks[b], false, 2, &actual);
        assert_int_equal(ours.winograd, 2);
        assert_int_equal(ours.pointwise, 1);
        assert_int_equal(ours.direct, 4);
        assert_int_equal(ours.library, plain.library - 7);
        assert_close(actual, expected, 16 * 6 * 7, 1e-5f);
        free(actual);
        free(expected);
    }
    graph_free(&graph);
}

/* There are none for other blocks, on any CPU. */
static void other_blocks(void **state) {
    (void)state;
    assert_null(convolutions_choose(1));
    assert_null(convolutions_choose(4));
    assert_null(convolutions_choose(32));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(winograd),         cmocka_unit_test(winograd_activations),
        cmocka_unit_test(winograd_impulse), cmocka_unit_test(pointwise),
        cmocka_unit_test(choice),           cmocka_unit_test(other_blocks),
    };
    return RUN_TESTS(tests);
}
