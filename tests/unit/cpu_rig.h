/* What the CPU backend's tests share: a graph's results from the network and from graph_evaluate,
 * compared for every layout and number of threads. */
#ifndef VERIFY_TEST_CPU_RIG_H
#define VERIFY_TEST_CPU_RIG_H

#include "assert_ok.h"
#include "graph_rig.h"

#include "convolutions_halves.h"
#include "cpu/network.h"
#include "graph_evaluate.h"
#include "image/image.h"

/* Numbers from -1 to 1 that look random. */
static inline void fill_random(float *data, size_t n, uint32_t seed) {
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
}

static inline float *random_planes(size_t height, size_t width, uint32_t seed) {
    float *planes = malloc(3 * height * width * sizeof *planes);
    assert_non_null(planes);
    fill_random(planes, 3 * height * width, seed);
    return planes;
}

/* The elements of a map as planes; free() releases them. Asserts that blocks are filled up with
 * zeros: who reads the blocks may count on it. */
static inline float *map_planes(const struct head_map *map) {
    size_t cells = map->width * map->height;
    size_t blocks = (map->channels + map->block - 1) / map->block;
    float *planes = malloc((map->channels * cells + 1) * sizeof *planes);
    assert_non_null(planes);
    for (size_t c = 0; c < blocks * map->block; c++)
        for (size_t p = 0; p < cells; p++) {
            float value =
                map->data[c / map->block * cells * map->block + p * map->block + c % map->block];
            if (c < map->channels)
                planes[c * cells + p] = value;
            else if (value != 0.0f)
                fail_msg("padding of channel %zu, cell %zu is %g", c, p, (double)value);
        }
    return planes;
}

/* Runs a graph with one head level; returns its map as planes and the number of elements. */
static inline float *network_result(struct cpu_network *network, size_t height, size_t width,
                                    const float *planes, size_t *n) {
    struct head_maps maps;
    ASSERT_OK(cpu_network_forward(network, height, width, planes, &maps));
    const struct head_map *map = &maps.boxes[0];
    *n = map->channels * map->width * map->height;
    return map_planes(map);
}

static inline void assert_close(const float *actual, const float *expected, size_t n,
                                float tolerance) {
    for (size_t i = 0; i < n; i++) {
        float scale = fmaxf(1.0f, fabsf(expected[i]));
        if (!(fabsf(actual[i] - expected[i]) <= tolerance * scale))
            fail_msg("element %zu of %zu is %.9g; %.9g is expected", i, n, (double)actual[i],
                     (double)expected[i]);
    }
}

/* Large weights would let rounding errors grow beyond any fixed tolerance. */
static inline void scale_weights(struct graph *graph) {
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
} setups[] = {{0, 1, 3}, {1, 1, 2}, {8, 2, 2}, {16, 1, 2}};

/* Levels of a picture and the floats that they stand for give the same bytes. */
static inline void assert_levels(struct cpu_network *network, size_t height, size_t width) {
    size_t inputs = 3 * height * width, n;
    uint8_t *levels = malloc(inputs);
    float *units = malloc(inputs * sizeof *units);
    struct head_maps maps;
    assert_non_null(levels);
    assert_non_null(units);
    for (size_t i = 0; i < inputs; i++)
        levels[i] = (uint8_t)(i * 37 % 251 + i % 5);
    letterbox_units(levels, inputs, units);
    float *expected = network_result(network, height, width, units, &n);
    ASSERT_OK(cpu_network_forward_levels(network, height, width, levels, &maps));
    float *actual = map_planes(&maps.boxes[0]);
    assert_memory_equal(actual, expected, n * sizeof *actual);
    free(actual);
    free(expected);
    free(units);
    free(levels);
}

/* Runs and frees a graph whose head is complete. */
static inline void check_head(struct graph *graph, size_t height, size_t width) {
    float *planes = random_planes(height, width, 7), *expected;
    scale_weights(graph);
    ASSERT_OK(graph_evaluate(graph, (int64_t)height, (int64_t)width, planes,
                             &graph->head.levels[0].boxes, 1, &expected));
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) {
        float *first = NULL;
        for (size_t threads = setups[i].fewest; threads <= setups[i].most; threads++) {
            struct cpu_network *network;
            size_t n;
            const struct cpu_options options = {.threads = threads,
                                                .block = setups[i].block,
                                                .convolutions = convolutions_of(setups[i].block)};
            ASSERT_OK(cpu_network_make(graph, &options, &network));
            float *result = network_result(network, height, width, planes, &n);
            assert_close(result, expected, n, 1e-4f);
            if (first && memcmp(result, first, n * sizeof *result) != 0)
                fail_msg("block %zu: %zu threads change the result", setups[i].block, threads);
            if (!first)
                first = result;
            if (first != result)
                free(result);
            assert_levels(network, height, width);
            cpu_network_free(network);
        }
        free(first);
    }
    free(expected);
    free(planes);
    graph_free(graph);
}

/* The same for a graph that ends in a map (1,C,H,W). */
static inline void check(struct graph *graph, int result, size_t height, size_t width) {
    net_head(graph, result, result);
    check_head(graph, height, width);
}

/* The same for a graph that ends in rows (1,C,A) or (1,A,C). */
static inline void check_final(struct graph *graph, int result, bool channels_last, size_t height,
                               size_t width) {
    net_head(graph, result, result);
    graph->head.kind = HEAD_FINAL;
    graph->head.channels_last = channels_last;
    check_head(graph, height, width);
}

static inline int conv_activated(struct graph *graph, int x, int64_t from, int64_t to,
                                 int64_t kernel, int64_t stride, enum activation activation) {
    int y = net_conv(graph, x, from, to, kernel, stride, true);
    net_last(graph)->activation = activation;
    net_last(graph)->alpha = 0.1f;
    net_last(graph)->beta = 0.5f;
    return y;
}

/* A map of this many channels, half the size of the input. */
static inline int stem(struct graph *graph, int64_t channels) {
    return conv_activated(graph, graph->input, 3, channels, 3, 2, ACTIVATION_SILU);
}

static inline void set_window(struct graph *graph, int64_t kernel, int64_t stride, int64_t pad) {
    struct window *window = &net_last(graph)->window;
    for (size_t i = 0; i < 4; i++) {
        window->kernel[i % 2] = kernel;
        window->stride[i % 2] = stride;
        window->pad[i] = pad;
    }
}

static inline int slice_channels(struct graph *graph, int x, int64_t start, int64_t end) {
    int y = net_op(graph, OP_SLICE, x, -1);
    net_last(graph)->slice[1] = (struct slice_range){start, end, 1};
    return y;
}

static inline int concat(struct graph *graph, int64_t axis, size_t n, const int *parts) {
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

static inline int reshape(struct graph *graph, int x, size_t rank, const int64_t *dims) {
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

static inline int transpose(struct graph *graph, int x, size_t rank, const size_t *permutation) {
    int y = net_op(graph, OP_TRANSPOSE, x, -1);
    memcpy(net_last(graph)->permutation, permutation, rank * sizeof *permutation);
    return y;
}

#endif
