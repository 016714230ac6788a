/* What the tests of the CUDA network share: a graph's head maps from the network and from
 * graph_evaluate. The network runs on the host with plain loops, or, in the programs built with
 * TEST_ON_GPU, on the first GPU. */
#ifndef VERIFY_TEST_CUDA_NETWORK_RIG_H
#define VERIFY_TEST_CUDA_NETWORK_RIG_H

#include <stdio.h>

#include "assert_ok.h"
#include "cuda_device_rig.h"
#include "graph_rig.h"

#include "cuda/elements/lanes.h"
#include "cuda/memory.h"
#include "cuda/network/network.h"
#include "cuda/network/network_plan.h"
#include "graph_evaluate.h"

enum { PICTURES = 3, HEAD_MAPS = 2 * GRAPH_LEVELS };

/* Numbers from -1 to 1 that look random. */
static inline void fill_random(float *data, size_t n, uint32_t seed) {
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
}

/* A picture as the network sees it: planes of values from 0 to 1. */
static inline float *random_picture(size_t height, size_t width, uint32_t seed) {
    float *planes = malloc(3 * height * width * sizeof *planes);
    assert_non_null(planes);
    fill_random(planes, 3 * height * width, seed);
    for (size_t i = 0; i < 3 * height * width; i++)
        planes[i] = fabsf(planes[i]);
    return planes;
}

/* Random weights that keep the size of what goes through them. */
static inline void scale_weights(struct graph *graph) {
    for (size_t i = 0; i < graph->n_tensors; i++) {
        struct tensor *tensor = &graph->tensors[i];
        if (!tensor->constant || tensor->dtype != DTYPE_F32 || !tensor->shape.rank)
            continue;
        size_t n = (size_t)shape_elements(&tensor->shape);
        double inputs = 1.0;
        for (size_t k = 1; k < tensor->shape.rank; k++)
            inputs *= (double)tensor->shape.dims[k];
        float *data = tensor->data;
        fill_random(data, n, (uint32_t)i + 1);
        for (size_t k = 0; k < n; k++)
            data[k] *= (float)(1.5 / sqrt(inputs));
    }
}

/* Memory for one network alone. */
static inline struct network_memory network_room(struct network *network) {
    struct network_bytes bytes = network_bytes(network);
    struct network_memory memory;
    ASSERT_OK(device_alloc(bytes.arena, &memory.arena));
    ASSERT_OK(device_alloc(bytes.ends, &memory.ends));
    network_bind(network, &memory);
    return memory;
}

struct rig_network {
    struct conv_library *library;
    struct network *network;
    struct network_memory memory;
    const struct graph *graph;
    size_t n, height, width;
};

static inline struct rig_network network_start(const struct graph *graph, enum element element,
                                               size_t n, size_t height, size_t width) {
    struct rig_network rig = {.graph = graph, .n = n, .height = height, .width = width};
    ASSERT_OK(conv_library_make(&rig.library));
    ASSERT_OK(network_make(graph, rig.library, element, n, height, width, &rig.network));
    ASSERT_OK(conv_library_build(rig.library));
    rig.memory = network_room(rig.network);
    return rig;
}

static inline void network_end(struct rig_network *rig) {
    network_free(rig->network);
    device_free(rig->memory.arena);
    device_free(rig->memory.ends);
    conv_library_free(rig->library);
}

/* Where channel c of an input's cell (y, x) is found in a picture's planes; SIZE_MAX: it is zero.
 * The input is the picture itself, or the picture in cells of 2x2 pixels behind a border. */
static inline size_t input_place(const struct rig_network *rig, const struct map *input, size_t y,
                                 size_t x, size_t c) {
    if (input->height < rig->height) {
        size_t border_y = input->height - rig->height / 2;
        size_t border_x = input->width - rig->width / 2;
        if (c >= 12 || y < border_y || x < border_x)
            return SIZE_MAX;
        y = 2 * (y - border_y) + c / 6;
        x = 2 * (x - border_x) + c / 3 % 2;
        c %= 3;
    }
    return c >= 3 ? SIZE_MAX : (c * rig->height + y) * rig->width + x;
}

/* pictures[i]: planes of picture i of the batch; NULL: not-a-number everywhere. */
static inline void network_run(struct rig_network *rig, float *const *pictures) {
    struct map input = network_input(rig->network);
    size_t cells = input.height * input.width;
    size_t bytes = input.n * cells * input.pitch * element_size(input.element);
    void *host = malloc(bytes);
    assert_non_null(host);
    assert_int_equal(input.n, rig->n);
    assert_int_equal(input.channels, input.pitch);
    for (size_t i = 0; i < input.n; i++)
        for (size_t cell = 0; cell < cells; cell++)
            for (size_t c = 0; c < input.channels; c++) {
                size_t at = input_place(rig, &input, cell / input.width, cell % input.width, c);
                float value = at == SIZE_MAX ? 0.0f : pictures ? pictures[i][at] : NAN;
                element_store(host, input.element, (i * cells + cell) * input.pitch + c, value);
            }
    ASSERT_OK(device_upload(host, bytes, input.data));
    free(host);
    ASSERT_OK(network_forward(rig->network));
    ASSERT_OK(device_wait(conv_library_stream(rig->library)));
}

/* Picture `index` of map `k` (boxes and scores in turn) as planes; free() releases them. */
static inline float *network_planes(const struct rig_network *rig, size_t k, size_t index,
                                    size_t *elements) {
    struct network_head head = network_head(rig->network);
    const struct map *map = k % 2 ? &head.scores[k / 2] : &head.boxes[k / 2];
    size_t cells = map->height * map->width;
    assert_int_equal(map->element, ELEMENT_F32);
    assert_int_equal(map->pitch, map->channels);
    assert_int_equal(map->n, rig->n);
    float *data = malloc(cells * map->pitch * sizeof *data);
    float *planes = malloc(cells * map->channels * sizeof *planes);
    assert_non_null(data);
    assert_non_null(planes);
    ASSERT_OK(device_download((const float *)map->data + index * cells * map->pitch,
                              cells * map->pitch * sizeof *data, data));
    for (size_t c = 0; c < map->channels; c++)
        for (size_t cell = 0; cell < cells; cell++)
            planes[c * cells + cell] = data[cell * map->pitch + c];
    free(data);
    *elements = cells * map->channels;
    return planes;
}

/* The largest difference, absolute or relative to what is expected, whichever is less. */
static inline double worst_error(const float *actual, const float *expected, size_t n) {
    double worst = 0.0;
    for (size_t i = 0; i < n; i++) {
        double error = fabs((double)actual[i] - (double)expected[i]);
        error /= fmax(1.0, fabs((double)expected[i]));
        if (!(error <= worst)) /* keeps not-a-number */
            worst = error;
    }
    return worst;
}

/* |actual - expected| / |expected|, by the Euclidean norm. */
static inline double relative_l2(const float *actual, const float *expected, size_t n) {
    double error = 0.0, norm = 0.0;
    for (size_t i = 0; i < n; i++) {
        double difference = (double)actual[i] - (double)expected[i];
        error += difference * difference;
        norm += (double)expected[i] * (double)expected[i];
    }
    return norm > 0.0 ? sqrt(error / norm) : sqrt(error);
}

struct tolerance {
    double f32, f16;
};

/* Runs a graph at this size, in both element types, for one picture and for several: each picture
 * as graph_evaluate has it, also after a forward that left not-a-number everywhere; on the host in
 * a batch bit for bit as alone (cuDNN may choose otherwise for another batch). Returns the largest
 * errors. */
static inline struct tolerance network_compare(const struct graph *graph, size_t height,
                                               size_t width, size_t n_pictures) {
    int wanted[HEAD_MAPS];
    float *pictures[PICTURES], *expected[PICTURES][HEAD_MAPS];
    size_t n_maps = 2 * graph->head.n_levels, elements;
    struct tolerance worst = {0};
    for (size_t k = 0; k < n_maps; k++)
        wanted[k] = k % 2 ? graph->head.levels[k / 2].scores : graph->head.levels[k / 2].boxes;
    for (size_t i = 0; i < n_pictures; i++) {
        pictures[i] = random_picture(height, width, (uint32_t)i + 3);
        ASSERT_OK(graph_evaluate(graph, (int64_t)height, (int64_t)width, pictures[i], wanted,
                                 n_maps, expected[i]));
    }
    for (enum element element = ELEMENT_F32; element <= ELEMENT_F16; element++) {
        struct rig_network alone = network_start(graph, element, 1, height, width);
        struct rig_network batch = network_start(graph, element, n_pictures, height, width);
        network_run(&batch, NULL);
        network_run(&batch, pictures);
        for (size_t i = 0; i < n_pictures; i++) {
            network_run(&alone, &pictures[i]);
            for (size_t k = 0; k < n_maps; k++) {
                float *one = network_planes(&alone, k, 0, &elements);
                float *many = network_planes(&batch, k, i, &elements);
                if (!ON_GPU && memcmp(one, many, elements * sizeof *one) != 0)
                    fail_msg("map %zu of picture %zu differs in a batch", k, i);
                for (int j = 0; j < 2; j++) {
                    const float *actual = j ? many : one;
                    double error = element == ELEMENT_F32
                                       ? worst_error(actual, expected[i][k], elements)
                                       : relative_l2(actual, expected[i][k], elements);
                    double *most = element == ELEMENT_F32 ? &worst.f32 : &worst.f16;
                    *most = error <= *most ? *most : error;
                }
                free(one);
                free(many);
            }
        }
        network_end(&alone);
        network_end(&batch);
    }
    for (size_t i = 0; i < n_pictures; i++) {
        free(pictures[i]);
        for (size_t k = 0; k < n_maps; k++)
            free(expected[i][k]);
    }
    return worst;
}

/* Sums of a few dozen products, rounded to fp16's 11 bits after each of a few layers. */
static const struct tolerance small_graph = {1e-4, 2e-3};

/* Runs and frees a graph that ends in a map. */
static inline void check_maps(struct graph *graph, int boxes, int scores, size_t height,
                              size_t width) {
    net_head(graph, boxes, scores);
    scale_weights(graph);
    struct tolerance worst = network_compare(graph, height, width, PICTURES);
    if (!(worst.f32 <= small_graph.f32) || !(worst.f16 <= small_graph.f16))
        fail_msg("errors %.3g in fp32, %.3g in fp16", worst.f32, worst.f16);
    graph_free(graph);
}

static inline void check(struct graph *graph, int result, size_t height, size_t width) {
    check_maps(graph, result, result, height, width);
}

static inline int conv_silu(struct graph *graph, int x, int64_t from, int64_t to, int64_t kernel,
                            int64_t stride) {
    int y = net_conv(graph, x, from, to, kernel, stride, true);
    net_last(graph)->activation = ACTIVATION_SILU;
    return y;
}

static inline int stem(struct graph *graph, int64_t channels) {
    return conv_silu(graph, graph->input, 3, channels, 3, 2);
}

static inline void set_group(struct graph *graph, int64_t group, int64_t from, int64_t to,
                             int64_t kernel) {
    struct op *op = net_last(graph);
    op->window.group = group;
    op->inputs[1] = net_constant(graph, SHAPE(to, from / group, kernel, kernel), 1);
}

static inline void set_residual(struct graph *graph, int residual) {
    struct op *op = net_last(graph);
    if (op->n_inputs == 2)
        op->inputs[2] = -1;
    op->inputs[3] = residual;
    op->n_inputs = 4;
}

static inline int slice(struct graph *graph, int x, size_t axis, int64_t start, int64_t end,
                        int64_t step) {
    int y = net_op(graph, OP_SLICE, x, -1);
    net_last(graph)->slice[axis] = (struct slice_range){start, end, step};
    return y;
}

static inline int concat(struct graph *graph, size_t n, const int *parts) {
    int y = net_op(graph, OP_CONCAT, parts[0], -1);
    struct op *op = net_last(graph);
    op->n_inputs = n;
    op->axis = 1;
    memcpy(op->inputs, parts, n * sizeof *parts);
    return y;
}
#define CONCAT(graph, ...)                                                                         \
    concat((graph), sizeof((int[]){__VA_ARGS__}) / sizeof(int), (int[]){__VA_ARGS__})

static inline int pool(struct graph *graph, enum op_kind kind, int x, int64_t kernel,
                       int64_t stride, int64_t pad) {
    int y = net_op(graph, kind, x, -1);
    struct window *window = &net_last(graph)->window;
    for (size_t i = 0; i < 4; i++) {
        window->kernel[i % 2] = kernel;
        window->stride[i % 2] = stride;
        window->pad[i] = pad;
    }
    return y;
}

static inline int reshape(struct graph *graph, int x, size_t rank, const int64_t *dims) {
    int y = net_op(graph, OP_RESHAPE, x, -1);
    struct op *op = net_last(graph);
    op->n_reshape = rank;
    for (size_t i = 0; i < rank; i++)
        op->reshape[i] = (struct reshape_dim){.source = DIM_CONSTANT, .value = dims[i]};
    return y;
}
#define RESHAPE(graph, x, ...)                                                                     \
    reshape((graph), (x), sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                      \
            (int64_t[]){__VA_ARGS__})

static inline int transpose(struct graph *graph, int x, size_t a, size_t b, size_t c, size_t d) {
    int y = net_op(graph, OP_TRANSPOSE, x, -1);
    memcpy(net_last(graph)->permutation, (size_t[]){a, b, c, d}, 4 * sizeof(size_t));
    return y;
}

static inline int scalar(struct graph *graph, float value) {
    int index = net_constant(graph, SCALAR, 0);
    ((float *)graph->tensors[index].data)[0] = value;
    return index;
}

static inline size_t count_steps(const struct network *network, enum step_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < network->n_steps; i++)
        count += network->steps[i].kind == kind;
    return count;
}

/* The steps of one kind that a graph compiles to. */
static inline size_t steps_of(struct graph *graph, int result, enum step_kind kind) {
    net_head(graph, result, result);
    struct rig_network rig = network_start(graph, ELEMENT_F16, 1, 32, 32);
    size_t count = count_steps(rig.network, kind);
    network_end(&rig);
    return count;
}

static inline void refuse_as(struct graph *graph, int result, const char *message) {
    struct conv_library *library;
    struct network *network;
    net_head(graph, result, result);
    ASSERT_OK(conv_library_make(&library));
    assert_int_equal(network_make(graph, library, ELEMENT_F32, 1, 32, 32, &network),
                     STATUS_BAD_INPUT);
    assert_null(network);
    assert_string_equal(status_message(), message);
    conv_library_free(library);
    graph_free(graph);
}

static inline void refuse(struct graph *graph, int result) {
    refuse_as(graph, result, "operator Type, node 'node' cannot be run on CUDA; use --device cpu");
}

#endif
