/* The CUDA network's layouts, memory, weights and steps, run on the host. */
#include "cuda_network_rig.h"

#include "graph_evaluate.h"
#include "image/image.h"
#include "letterbox_render.h"
#include "unit.h"

static void convolutions(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 16);
    x = net_conv(&graph, x, 16, 24, 3, 2, false);
    x = conv_silu(&graph, x, 24, 24, 3, 1);
    set_group(&graph, 3, 24, 24, 3);
    int y = conv_silu(&graph, x, 24, 24, 5, 1);
    set_group(&graph, 24, 24, 24, 5);
    set_residual(&graph, x);
    int z = conv_silu(&graph, y, 24, 24, 1, 1);
    set_residual(&graph, y);
    check(&graph, z, 40, 24);
}

/* Channels that fill no 16-byte row: convolutions run on the row, everything else on the channels.
 */
static void odd_channels(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 5);
    int y = conv_silu(&graph, x, 5, 3, 3, 1);
    y = conv_silu(&graph, y, 3, 5, 3, 1);
    set_residual(&graph, x);
    y = pool(&graph, OP_MAX_POOL, y, 3, 2, 1);
    y = conv_silu(&graph, y, 5, 7, 1, 1);
    int z = conv_silu(&graph, y, 7, 7, 3, 1);
    set_group(&graph, 7, 7, 7, 3);
    int both = CONCAT(&graph, y, z, y);
    int out = conv_silu(&graph, both, 21, 2, 1, 1);
    check_maps(&graph, out, net_conv(&graph, z, 7, 3, 1, 1, true), 32, 40);
}

static void activations(void **state) {
    (void)state;
    for (enum activation activation = ACTIVATION_NONE; activation <= ACTIVATION_SOFTPLUS;
         activation++) {
        struct graph graph = net_start();
        int x = net_conv(&graph, graph.input, 3, 12, 3, 2, true);
        net_last(&graph)->activation = activation;
        net_last(&graph)->alpha = 0.1f;
        net_last(&graph)->beta = 0.5f;
        x = net_activation(&graph, net_conv(&graph, x, 12, 8, 1, 1, true), activation);
        net_last(&graph)->alpha = 0.1f;
        net_last(&graph)->beta = 0.5f;
        check(&graph, x, 16, 16);
    }
}

/* C2f: halves and bottlenecks written where they are read; nothing but the head is copied. */
static int c2f(struct graph *graph, int64_t half) {
    int x = conv_silu(graph, stem(graph, 2 * half), 2 * half, 2 * half, 1, 1);
    int a = slice(graph, x, 1, 0, half, 1), b = slice(graph, x, 1, half, INT64_MAX, 1);
    int c = conv_silu(graph, conv_silu(graph, b, half, half, 3, 1), half, half, 3, 1);
    set_residual(graph, b);
    int d = conv_silu(graph, conv_silu(graph, c, half, half, 3, 1), half, half, 3, 1);
    return conv_silu(graph, CONCAT(graph, a, b, c, d), 4 * half, 8, 1, 1);
}

static void concat_views(void **state) {
    (void)state;
    struct graph wide = net_start();
    int x = c2f(&wide, 16);
    assert_int_equal(steps_of(&wide, x, STEP_COPY), 1);
    check(&wide, x, 32, 16);
    struct graph narrow = net_start();
    x = c2f(&narrow, 3);
    assert_true(steps_of(&narrow, x, STEP_COPY) > 1);
    check(&narrow, x, 32, 16);
}

/* The same map in two concatenations, in one twice, and a concatenation in another one. */
static void concat_shared(void **state) {
    (void)state;
    struct graph graph = net_start();
    int a = stem(&graph, 8), b = conv_silu(&graph, a, 8, 8, 3, 1);
    int inner = CONCAT(&graph, a, b);
    int twice = CONCAT(&graph, b, b, slice(&graph, inner, 1, 4, 12, 1));
    int outer = CONCAT(&graph, conv_silu(&graph, inner, 16, 8, 1, 1), inner, a);
    int sum = net_binary(&graph, BINARY_ADD, conv_silu(&graph, twice, 24, 32, 1, 1), outer);
    check(&graph, sum, 24, 40);
}

/* Parts that would begin or end within a 16-byte row; the one of 5 channels is computed last. */
static void concat_unaligned(void **state) {
    (void)state;
    for (size_t first = 0; first < 2; first++) {
        struct graph graph = net_start();
        int a = stem(&graph, 8), b = conv_silu(&graph, a, 8, 8, 3, 1);
        int c = conv_silu(&graph, b, 8, 5, 3, 1);
        int all = first ? CONCAT(&graph, c, a, b) : CONCAT(&graph, a, c, b);
        check(&graph, conv_silu(&graph, all, 21, 8, 1, 1), 16, 24);
    }
}

static void input_and_head_as_they_are(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = CONCAT(&graph, graph.input, graph.input);
    check_maps(&graph, slice(&graph, x, 1, 2, 5, 1), x, 8, 8);
}

static void focus(void **state) {
    (void)state;
    struct graph graph = net_start();
    int part[4];
    for (size_t i = 0; i < 4; i++) {
        int rows = slice(&graph, graph.input, 2, i % 2, INT64_MAX, 2);
        part[i] = slice(&graph, rows, 3, i / 2, INT64_MAX, 2);
    }
    int x = CONCAT(&graph, part[0], part[1], part[2], part[3]);
    check(&graph, conv_silu(&graph, x, 12, 8, 3, 1), 24, 16);
}

static void pools(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 8);
    int a = pool(&graph, OP_MAX_POOL, x, 2, 2, 0);
    net_last(&graph)->window.ceil_mode = true;
    int b = pool(&graph, OP_AVERAGE_POOL, x, 3, 2, 1);
    int c = pool(&graph, OP_AVERAGE_POOL, x, 3, 2, 1);
    net_last(&graph)->pool_count_padding = true;
    check(&graph, CONCAT(&graph, a, b, c), 20, 28);
}

static int sppf(struct graph *graph, int64_t channels, int64_t last_kernel) {
    int x = stem(graph, channels), a = pool(graph, OP_MAX_POOL, x, 5, 1, 2);
    int b = pool(graph, OP_MAX_POOL, a, 5, 1, 2);
    int c = pool(graph, OP_MAX_POOL, b, last_kernel, 1, last_kernel / 2);
    return conv_silu(graph, CONCAT(graph, x, a, b, c), 4 * channels, 8, 1, 1);
}

static void sppf_is_one_step(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = sppf(&graph, 8, 5);
    assert_int_equal(steps_of(&graph, x, STEP_SPPF), 1);
    assert_int_equal(steps_of(&graph, x, STEP_MAX_POOL), 0);
    assert_int_equal(steps_of(&graph, x, STEP_COPY), 1);
    check(&graph, x, 24, 32);
    graph = net_start();
    x = sppf(&graph, 6, 3);
    assert_int_equal(steps_of(&graph, x, STEP_SPPF), 0);
    check(&graph, x, 24, 32);
}

static void resizes(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 8), up = net_op(&graph, OP_RESIZE, x, -1);
    net_last(&graph)->scale[0] = 2.0f;
    net_last(&graph)->scale[1] = 1.5f;
    int down = net_op(&graph, OP_RESIZE, up, -1);
    net_last(&graph)->scale[0] = 0.5f;
    net_last(&graph)->scale[1] = 1.0f / 1.5f;
    check(&graph, CONCAT(&graph, down, x), 16, 32);
}

static void pads(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = net_op(&graph, OP_PAD, stem(&graph, 8), -1);
    struct op *op = net_last(&graph);
    op->pads[3] = op->pads[6] = op->pads[7] = 1;
    op->pads[2] = -1;
    op->pad_value = 0.25f;
    check(&graph, conv_silu(&graph, x, 8, 8, 3, 1), 16, 24);
}

static void deconvolution(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 8);
    int y = net_op(&graph, OP_CONV_TRANSPOSE, x, net_constant(&graph, SHAPE(8, 6, 2, 2), 3));
    struct op *op = net_last(&graph);
    for (size_t i = 0; i < 2; i++)
        op->window.kernel[i] = op->window.stride[i] = 2;
    op->inputs[2] = net_constant(&graph, SHAPE(6), 4);
    net_last(&graph)->n_inputs = 3;
    check(&graph, conv_silu(&graph, y, 6, 4, 3, 1), 16, 24);
}

static void binaries(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 8), y = conv_silu(&graph, x, 8, 8, 3, 1);
    int sum = net_binary(&graph, BINARY_ADD, x, y);
    int product =
        net_binary(&graph, BINARY_MUL, sum, slice(&graph, CONCAT(&graph, y, x), 1, 4, 12, 1));
    int difference = net_binary(&graph, BINARY_SUB, product, y);
    int scaled =
        net_binary(&graph, BINARY_MUL, net_constant(&graph, SHAPE(1, 8, 1, 1), 1), difference);
    int shifted = net_binary(&graph, BINARY_ADD, scaled, net_constant(&graph, SHAPE(8, 1, 1), 2));
    int half = net_binary(&graph, BINARY_DIV, shifted, scalar(&graph, 2.0f));
    check(&graph, half, 16, 24);
}

/* Feature maps that are not needed at the same time share memory. */
static void memory_is_shared(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 16);
    const size_t map = 4 * 16 * 16 * 16 * 2;
    for (size_t i = 0; i < 12; i++)
        x = conv_silu(&graph, x, 16, 16, 3, 1);
    net_head(&graph, x, x);
    struct rig_network rig = network_start(&graph, ELEMENT_F16, 4, 32, 32);
    size_t biases = rig.network->weight_bytes, input = 4 * 17 * 17 * 16 * 2;
    assert_in_range(biases, 13 * 16 * 4, 13 * 256);
    input = (input + 255) / 256 * 256;
    struct network_bytes bytes = network_bytes(rig.network);
    assert_int_equal(bytes.arena, 2 * map);
    assert_int_equal(bytes.ends, input + 2 * map); /* the head in floats */
    assert_int_equal(rig.network->bytes[HOME_OWN], 0);
    for (size_t i = 0; i < rig.network->n_features; i++)
        assert_int_equal(rig.network->features[i].offset % 256, 0);
    network_end(&rig);
    graph_free(&graph);
}

/* The window over cells of 2x2 pixels that a stem becomes, its input with the border, and results
 * as of the stem itself. */
static void check_stem(int64_t kernel, const int64_t pad[4], size_t height, size_t width,
                       int64_t folded, int64_t folded_pad, size_t border) {
    struct graph graph = net_start();
    int x = conv_silu(&graph, graph.input, 3, 10, kernel, 2);
    memcpy(net_last(&graph)->window.pad, pad, 4 * sizeof *pad);
    x = conv_silu(&graph, x, 10, 8, 3, 1);
    net_head(&graph, x, x);
    struct rig_network rig = network_start(&graph, ELEMENT_F16, 2, height, width);
    const struct step *first = &rig.network->steps[0];
    struct map input = network_input(rig.network);
    assert_int_equal(first->kind, STEP_CONV);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(first->window.kernel[i], folded);
        assert_int_equal(first->window.stride[i], 1);
        assert_int_equal(first->window.pad[i], folded_pad);
        assert_int_equal(first->window.pad[i + 2], folded_pad);
    }
    assert_int_equal(input.height, height / 2 + border);
    assert_int_equal(input.width, width / 2 + border);
    assert_int_equal(input.channels, 16);
    network_end(&rig);
    graph.head.n_levels = 0;
    check(&graph, x, height, width);
}

static void stems_are_folded(void **state) {
    (void)state;
    check_stem(3, (int64_t[]){1, 1, 1, 1}, 24, 40, 2, 0, 1); /* v8, 11 … */
    check_stem(6, (int64_t[]){2, 2, 2, 2}, 24, 40, 3, 1, 0); /* v5 */
    check_stem(2, (int64_t[]){0, 0, 0, 0}, 16, 12, 1, 0, 0);
    check_stem(4, (int64_t[]){1, 1, 1, 1}, 16, 12, 3, 1, 0);
    check_stem(5, (int64_t[]){2, 2, 2, 2}, 16, 12, 3, 1, 0);
    check_stem(7, (int64_t[]){3, 3, 3, 3}, 16, 12, 4, 1, 1);
    check_stem(3, (int64_t[]){1, 1, 1, 1}, 4, 4, 2, 0, 1);
}

static size_t plain_input_height(struct graph *graph, int result, size_t height, size_t width) {
    net_head(graph, result, result);
    struct rig_network rig = network_start(graph, ELEMENT_F16, 1, height, width);
    size_t found = network_input(rig.network).height;
    assert_int_equal(network_input(rig.network).channels, 8);
    network_end(&rig);
    graph_free(graph);
    return found;
}

/* Where the picture is read by others, too, has odd sides, or the convolution is another one. */
static void stems_that_stay(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = conv_silu(&graph, graph.input, 3, 8, 3, 2);
    int y = conv_silu(&graph, graph.input, 3, 8, 3, 2);
    assert_int_equal(plain_input_height(&graph, CONCAT(&graph, x, y), 16, 16), 16);
    graph = net_start();
    assert_int_equal(plain_input_height(&graph, stem(&graph, 8), 15, 16), 15);
    graph = net_start();
    assert_int_equal(plain_input_height(&graph, stem(&graph, 8), 16, 15), 16);
    graph = net_start();
    assert_int_equal(plain_input_height(&graph, stem(&graph, 8), 2, 2), 2);
    graph = net_start();
    x = conv_silu(&graph, graph.input, 3, 8, 3, 1);
    assert_int_equal(plain_input_height(&graph, x, 16, 16), 16);
    graph = net_start();
    x = stem(&graph, 8);
    net_last(&graph)->window.dilation[1] = 2;
    assert_int_equal(plain_input_height(&graph, x, 16, 16), 16);
    graph = net_start(); /* more padding behind than before */
    x = stem(&graph, 8);
    memcpy(net_last(&graph)->window.pad, (int64_t[]){0, 0, 2, 2}, 4 * sizeof(int64_t));
    assert_int_equal(plain_input_height(&graph, x, 16, 16), 16);
}

/* From a picture's bytes, letterboxed into the folded input, to the head. */
static void from_pictures(void **state) {
    (void)state;
    enum { WIDTH = 37, HEIGHT = 23, IMGSZ = 64 };
    struct image image = {.width = WIDTH, .height = HEIGHT};
    struct kernel_picture picture = {
        .letterbox = letterbox_plan(WIDTH, HEIGHT, IMGSZ, false, 32),
    };
    const size_t bytes = (size_t)3 * WIDTH * HEIGHT;
    size_t elements;
    float *expected;
    void *device_pixels, *device_picture;
    struct graph graph = net_start();
    int x = conv_silu(&graph, stem(&graph, 16), 16, 8, 3, 2);
    net_head(&graph, x, x);
    scale_weights(&graph);
    image.pixels = malloc(bytes);
    float *planes = calloc((size_t)3 * IMGSZ * IMGSZ, sizeof *planes);
    assert_true(image.pixels && planes);
    for (size_t i = 0; i < bytes; i++)
        image.pixels[i] = (uint8_t)(i * 37 + i / 7);
    ASSERT_OK(letterbox_render(&image, &picture.letterbox, planes));
    ASSERT_OK(graph_evaluate(&graph, IMGSZ, IMGSZ, planes, &x, 1, &expected));
    ASSERT_OK(device_alloc(bytes, &device_pixels));
    ASSERT_OK(device_upload(image.pixels, bytes, device_pixels));
    picture.pixels = device_pixels;
    ASSERT_OK(device_alloc(sizeof picture, &device_picture));
    ASSERT_OK(device_upload(&picture, sizeof picture, device_picture));
    for (enum element element = ELEMENT_F32; element <= ELEMENT_F16; element++) {
        struct rig_network rig = network_start(&graph, element, 1, IMGSZ, IMGSZ);
        struct map input = network_input(rig.network);
        assert_int_equal(input.height, IMGSZ / 2 + 1);
        network_run(&rig, NULL);
        stream_handle stream = conv_library_stream(rig.library);
        ASSERT_OK(kernel_letterbox(device_picture, &input, stream));
        ASSERT_OK(network_forward(rig.network));
        ASSERT_OK(device_wait(stream));
        float *actual = network_planes(&rig, 0, 0, &elements);
        if (element == ELEMENT_F32)
            assert_true(worst_error(actual, expected, elements) <= small_graph.f32);
        else
            assert_true(relative_l2(actual, expected, elements) <= small_graph.f16);
        free(actual);
        network_end(&rig);
    }
    device_free(device_pixels);
    device_free(device_picture);
    free(expected);
    free(planes);
    free(image.pixels);
    graph_free(&graph);
}

/* Networks of other shapes, batches and element types on one library. */
static void weights_are_shared(void **state) {
    (void)state;
    static const struct {
        enum element element;
        size_t n, height, width;
        bool brings; /* weights that were not there before */
    } cases[] = {{ELEMENT_F16, 1, 32, 32, true},
                 {ELEMENT_F16, 3, 24, 40, false},
                 {ELEMENT_F32, 1, 32, 32, true},
                 {ELEMENT_F16, 2, 17, 32, true}, /* a stem that stays */
                 {ELEMENT_F32, 2, 40, 24, false}};
    enum { CASES = sizeof cases / sizeof *cases };
    struct graph graph = net_start();
    struct conv_library *library;
    struct network *networks[CASES];
    struct network_memory memory[CASES];
    size_t bytes = 0;
    int x = conv_silu(&graph, stem(&graph, 16), 16, 16, 3, 1);
    set_group(&graph, 16, 16, 16, 3);
    x = conv_silu(&graph, x, 16, 8, 1, 1);
    net_head(&graph, x, x);
    ASSERT_OK(conv_library_make(&library));
    const struct weight_store *store = conv_library_weights(library);
    for (size_t i = 0; i < CASES; i++) {
        ASSERT_OK(network_make(&graph, library, cases[i].element, cases[i].n, cases[i].height,
                               cases[i].width, &networks[i]));
        ASSERT_OK(conv_library_build(library));
        memory[i] = network_room(networks[i]);
        assert_int_equal(store->bytes > bytes, cases[i].brings);
        bytes = store->bytes;
    }
    /* Stem, depthwise, 1x1; the same in fp32; the stem as it is. */
    assert_int_equal(bytes, 2 * (16 * 4 * 16 + 9 * 16 + 16 * 8) +
                                4 * (16 * 4 * 12 + 9 * 16 + 16 * 8) + 2 * 16 * 9 * 8);
    for (size_t i = 0; i < networks[0]->n_steps; i++)
        assert_ptr_equal(networks[0]->steps[i].weights_data, networks[1]->steps[i].weights_data);
    network_free(networks[0]); /* takes nothing away from the others */
    for (size_t i = 1; i < CASES; i++) {
        ASSERT_OK(network_forward(networks[i]));
        ASSERT_OK(device_wait(conv_library_stream(library)));
        network_free(networks[i]);
    }
    for (size_t i = 0; i < CASES; i++) {
        device_free(memory[i].arena);
        device_free(memory[i].ends);
    }
    conv_library_free(library);
    graph_free(&graph);
}

static void refusals(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = net_op(&graph, OP_PAD, stem(&graph, 8), -1);
    net_last(&graph)->pads[1] = 1; /* a channel more */
    refuse(&graph, x);
    graph = net_start();
    x = net_op(&graph, OP_UNARY, stem(&graph, 8), -1);
    net_last(&graph)->unary = UNARY_EXP;
    refuse(&graph, x);
    graph = net_start();
    x = stem(&graph, 8);
    x = CONCAT(&graph, x, x);
    net_last(&graph)->axis = 2;
    refuse(&graph, x);
    graph = net_start();
    x = net_op(&graph, OP_SOFTMAX, stem(&graph, 8), -1);
    net_last(&graph)->axis = 1;
    refuse(&graph, x);
    graph = net_start();
    x = stem(&graph, 8);
    x = net_binary(&graph, BINARY_POW, x, x);
    refuse(&graph, x);
    graph = net_start();
    x = stem(&graph, 8);
    x = net_binary(&graph, BINARY_SUB, scalar(&graph, 1.0f), x);
    refuse(&graph, x);
    graph = net_start(); /* a row of the map, for all rows */
    x = stem(&graph, 8);
    x = net_binary(&graph, BINARY_ADD, x, slice(&graph, x, 2, 0, 1, 1));
    refuse(&graph, x);
    graph = net_start(); /* channels in no regular runs, read as a map */
    x = RESHAPE(&graph, stem(&graph, 8), 2, 4, 16, 16);
    x = RESHAPE(&graph, transpose(&graph, x, 1, 0, 2, 3), 1, 8, 16, 16);
    x = net_conv(&graph, x, 8, 8, 1, 1, true);
    refuse(&graph, x);
    graph = net_start(); /* boxes that would be taken for upright ones */
    graph.head.task = TASK_OBB;
    refuse_as(&graph, stem(&graph, 8),
              "oriented boxes are not judged on a GPU yet; use --device cpu");
    graph = net_start(); /* a head that is no map */
    x = RESHAPE(&graph, stem(&graph, 8), 1, 8, 256);
    refuse(&graph, x);
}

/* The size that the graph accepts is its own affair: its message stays. */
static void wrong_size(void **state) {
    (void)state;
    struct graph graph = net_start();
    struct conv_library *library;
    struct network *network;
    int x = stem(&graph, 8);
    x = net_binary(&graph, BINARY_ADD, x, net_constant(&graph, SHAPE(1, 8, 16, 16), 1));
    net_head(&graph, x, x);
    ASSERT_OK(conv_library_make(&library));
    assert_int_equal(network_make(&graph, library, ELEMENT_F16, 1, 48, 48, &network),
                     STATUS_BAD_INPUT);
    assert_null(network);
    conv_library_free(library);
    graph_free(&graph);
}

int main(void) {
    if (!rig_has_device())
        return TEST_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),
        cmocka_unit_test(odd_channels),
        cmocka_unit_test(activations),
        cmocka_unit_test(concat_views),
        cmocka_unit_test(concat_shared),
        cmocka_unit_test(concat_unaligned),
        cmocka_unit_test(input_and_head_as_they_are),
        cmocka_unit_test(focus),
        cmocka_unit_test(pools),
        cmocka_unit_test(sppf_is_one_step),
        cmocka_unit_test(resizes),
        cmocka_unit_test(pads),
        cmocka_unit_test(deconvolution),
        cmocka_unit_test(binaries),
        cmocka_unit_test(memory_is_shared),
        cmocka_unit_test(stems_are_folded),
        cmocka_unit_test(stems_that_stay),
        cmocka_unit_test(from_pictures),
        cmocka_unit_test(weights_are_shared),
        cmocka_unit_test(refusals),
        cmocka_unit_test(wrong_size),
    };
    return RUN_TESTS(tests);
}
