/* Graphs built layer by layer: each function appends the operator that it says, with its
 * attributes, and what it computes is that operator's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph_evaluate.h"
#include "model/build.h"
#include "unit.h"

#define BUILT(call)                                                                                \
    do {                                                                                           \
        if ((call) != STATUS_OK)                                                                   \
            fail_msg("%s", status_message());                                                      \
    } while (0)

enum { SIZE = 4 }; /* of the picture: its value i is i / 8 - 2 */

static const struct layer layer = {"model.3.cv1", "Layer"};

static struct graph start(void) {
    struct graph graph = {0};
    BUILT(build_input(&graph));
    return graph;
}

/* A constant of these elements. */
static int constant(struct graph *graph, struct shape shape, const float *elements) {
    int tensor;
    float *data;
    BUILT(build_constant(graph, "constant", &shape, &tensor, &data));
    for (int64_t i = 0; i < shape_elements(&shape); i++) {
        assert_float_equal(data[i], 0.0f, 0.0f);
        data[i] = elements[i];
    }
    return tensor;
}

static float pixel(size_t channel, size_t y, size_t x) {
    return (float)(channel * SIZE * SIZE + y * SIZE + x) / 8.0f - 2.0f;
}

/* Runs the graph, checks the result's shape and the first elements, and frees it. */
static void check(struct graph *graph, int tensor, struct shape shape, size_t n,
                  const float *expected) {
    float picture[3 * SIZE * SIZE], *output;
    struct shape *shapes = calloc(graph->n_tensors, sizeof *shapes);
    assert_non_null(shapes);
    for (size_t i = 0; i < sizeof picture / sizeof picture[0]; i++)
        picture[i] = pixel(0, 0, i);
    BUILT(graph_shapes(graph, SIZE, SIZE, shapes));
    assert_true(shape_equal(&shapes[tensor], &shape));
    BUILT(graph_evaluate(graph, SIZE, SIZE, picture, &tensor, 1, &output));
    for (size_t i = 0; i < n; i++)
        assert_float_equal(output[i], expected[i], 1e-6f);
    const struct op *last = &graph->ops[graph->n_ops - 1];
    assert_string_equal(last->name, layer.name);
    assert_string_equal(last->type_name, layer.type);
    assert_int_equal(last->output, tensor);
    assert_string_equal(graph->tensors[tensor].name, layer.name);
    free(output);
    free(shapes);
    graph_free(graph);
}

#define SHAPE(...)                                                                                 \
    ((struct shape){sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), {__VA_ARGS__}})
#define CHECK(tensor, shape, ...)                                                                  \
    check(&graph, (tensor), (shape), sizeof((float[]){__VA_ARGS__}) / sizeof(float),               \
          (const float[]){__VA_ARGS__})

static const struct window unit = {
    .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .group = 1};

static void builds_convolutions(void **state) {
    (void)state;
    struct window window = unit;
    struct graph graph = start();
    int out, weights = constant(&graph, SHAPE(1, 3, 1, 1), (float[]){1, 2, 3}),
             bias = constant(&graph, SHAPE(1), (float[]){10});
    BUILT(build_conv(&graph, layer, graph.input, weights, bias, &window, &out));
    CHECK(out, SHAPE(1, 1, SIZE, SIZE),
          pixel(0, 0, 0) + 2 * pixel(1, 0, 0) + 3 * pixel(2, 0, 0) + 10);

    graph = start();
    window.stride[1] = 2;
    weights = constant(&graph, SHAPE(1, 3, 1, 1), (float[]){1, 2, 3});
    BUILT(build_conv(&graph, layer, graph.input, weights, -1, &window, &out));
    CHECK(out, SHAPE(1, 1, SIZE, SIZE / 2),
          pixel(0, 0, 0) + 2 * pixel(1, 0, 0) + 3 * pixel(2, 0, 0),
          pixel(0, 0, 2) + 2 * pixel(1, 0, 2) + 3 * pixel(2, 0, 2));

    graph = start();
    window = unit;
    window.kernel[0] = window.stride[0] = 2;
    weights = constant(&graph, SHAPE(3, 1, 2, 1), (float[]){1, 5, 0, 0, 0, 0});
    bias = constant(&graph, SHAPE(1), (float[]){1});
    BUILT(build_conv_transpose(&graph, layer, graph.input, weights, bias, &window, &out));
    CHECK(out, SHAPE(1, 1, 2 * SIZE, SIZE), pixel(0, 0, 0) + 1, pixel(0, 0, 1) + 1,
          pixel(0, 0, 2) + 1, pixel(0, 0, 3) + 1, 5 * pixel(0, 0, 0) + 1);
}

static void builds_batch_norm(void **state) {
    (void)state;
    struct graph graph = start();
    int out, parameters[4];
    const float values[4][3] = {{2, 1, 1}, {3, 0, 0}, {1, 0, 0}, {3.5f, 1, 1}};
    for (size_t i = 0; i < 4; i++)
        parameters[i] = constant(&graph, SHAPE(3), values[i]);
    BUILT(build_batch_norm(&graph, layer, graph.input, parameters, 0.5f, &out));
    CHECK(out, SHAPE(1, 3, SIZE, SIZE), (pixel(0, 0, 0) - 1) / 2 * 2 + 3);
}

static void builds_elementwise(void **state) {
    (void)state;
    struct graph graph = start();
    int out, other;
    BUILT(build_activation(&graph, layer, graph.input, ACTIVATION_LEAKY_RELU, 0.25f, 0, &out));
    CHECK(out, SHAPE(1, 3, SIZE, SIZE), -0.5f, -0.46875f);

    graph = start();
    BUILT(build_activation(&graph, layer, graph.input, ACTIVATION_CLIP, -1.5f, 1, &out));
    CHECK(out, SHAPE(1, 3, SIZE, SIZE), -1.5f, -1.5f, -1.5f, -1.5f, -1.5f, -1.375f);

    graph = start();
    BUILT(build_activation(&graph, layer, graph.input, ACTIVATION_NONE, 0, 0, &out));
    assert_int_equal(out, graph.input);
    assert_int_equal(graph.n_ops, 0);
    other = constant(&graph, (struct shape){0}, (float[]){10});
    BUILT(build_binary(&graph, layer, BINARY_SUB, graph.input, other, &out));
    CHECK(out, SHAPE(1, 3, SIZE, SIZE), -12, -11.875f);
}

static void builds_pools_and_sizes(void **state) {
    (void)state;
    struct window window = unit;
    struct graph graph = start();
    int out;
    window.kernel[0] = window.kernel[1] = window.stride[0] = window.stride[1] = 2;
    BUILT(build_max_pool(&graph, layer, graph.input, &window, &out));
    CHECK(out, SHAPE(1, 3, 2, 2), pixel(0, 1, 1), pixel(0, 1, 3));

    window.pad[0] = window.pad[1] = 1;
    for (int count = 0; count < 2; count++) {
        graph = start();
        BUILT(build_average_pool(&graph, layer, graph.input, &window, count != 0, &out));
        CHECK(out, SHAPE(1, 3, 2, 2), count ? pixel(0, 0, 0) / 4 : pixel(0, 0, 0));
    }

    graph = start();
    BUILT(build_resize(&graph, layer, graph.input, 2.0f, &out));
    CHECK(out, SHAPE(1, 3, 2 * SIZE, 2 * SIZE), pixel(0, 0, 0), pixel(0, 0, 0), pixel(0, 0, 1));

    graph = start();
    BUILT(build_pad(&graph, layer, graph.input, (int64_t[]){1, 2, 3, 4}, 7, &out));
    CHECK(out, SHAPE(1, 3, SIZE + 4, SIZE + 6), 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, pixel(0, 0, 0),
          pixel(0, 0, 1), pixel(0, 0, 2), pixel(0, 0, 3), 7, 7, 7, 7, 7, 7, pixel(0, 1, 0));
}

static void builds_moves(void **state) {
    (void)state;
    struct graph graph = start();
    int out, parts[2];
    BUILT(build_slice(&graph, layer, graph.input, 1, (struct slice_range){1, 3, 1}, &parts[0]));
    BUILT(build_slice(&graph, layer, graph.input, 3, (struct slice_range){1, 4, 2}, &parts[1]));
    CHECK(parts[1], SHAPE(1, 3, SIZE, 2), pixel(0, 0, 1), pixel(0, 0, 3), pixel(0, 1, 1));

    graph = start();
    BUILT(build_slice(&graph, layer, graph.input, 1, (struct slice_range){2, 3, 1}, &parts[0]));
    BUILT(build_concat(&graph, layer, (int[]){parts[0], graph.input}, 2, 1, &out));
    CHECK(out, SHAPE(1, 4, SIZE, SIZE), pixel(2, 0, 0), pixel(2, 0, 1));

    graph = start();
    BUILT(build_transpose(&graph, layer, graph.input, 4, (size_t[]){0, 2, 3, 1}, &out));
    CHECK(out, SHAPE(1, SIZE, SIZE, 3), pixel(0, 0, 0), pixel(1, 0, 0), pixel(2, 0, 0),
          pixel(0, 0, 1));

    graph = start();
    const struct reshape_dim dims[] = {
        {DIM_CONSTANT, 6, 0, 0}, {DIM_HEIGHT, 2, 0, 0}, {.source = DIM_REST}};
    BUILT(build_reshape(&graph, layer, graph.input, 3, dims, &out));
    CHECK(out, SHAPE(6, 2, 4), pixel(0, 0, 0), pixel(0, 0, 1));
}

static void builds_matrices(void **state) {
    (void)state;
    struct graph graph = start();
    int out, matrix = constant(&graph, SHAPE(SIZE, 1), (float[]){1, 2, 0, 0});
    BUILT(build_matmul(&graph, layer, graph.input, matrix, &out));
    CHECK(out, SHAPE(1, 3, SIZE, 1), pixel(0, 0, 0) + 2 * pixel(0, 0, 1),
          pixel(0, 1, 0) + 2 * pixel(0, 1, 1));

    graph = start();
    BUILT(build_softmax(&graph, layer, graph.input, 1, &out));
    double sum = exp(-2) + exp(0) + exp(2);
    CHECK(out, SHAPE(1, 3, SIZE, SIZE), (float)(exp(-2) / sum), (float)(exp(-2) / sum));
}

static void refuses(void **state) {
    (void)state;
    struct graph graph = start();
    int out, inputs[GRAPH_INPUTS + 1] = {0};
    struct reshape_dim dims[GRAPH_RANK + 1] = {0};
    size_t axes[GRAPH_RANK + 1] = {0};
    assert_int_equal(build_concat(&graph, layer, inputs, GRAPH_INPUTS + 1, 1, &out),
                     STATUS_BAD_INPUT);
    assert_string_equal(status_message(), "model.3.cv1 (Layer): has 65 inputs; 64 are supported");
    assert_int_equal(build_slice(&graph, layer, 0, GRAPH_RANK, (struct slice_range){0, 1, 1}, &out),
                     STATUS_BAD_INPUT);
    assert_int_equal(build_slice(&graph, layer, 0, -1, (struct slice_range){0, 1, 1}, &out),
                     STATUS_BAD_INPUT);
    assert_int_equal(build_reshape(&graph, layer, 0, GRAPH_RANK + 1, dims, &out), STATUS_BAD_INPUT);
    assert_int_equal(build_transpose(&graph, layer, 0, GRAPH_RANK + 1, axes, &out),
                     STATUS_BAD_INPUT);
    assert_int_equal(graph.n_ops, 0);
    graph_free(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_convolutions),
        cmocka_unit_test(builds_batch_norm),
        cmocka_unit_test(builds_elementwise),
        cmocka_unit_test(builds_pools_and_sizes),
        cmocka_unit_test(builds_moves),
        cmocka_unit_test(builds_matrices),
        cmocka_unit_test(refuses),
    };
    return RUN_TESTS(tests);
}
