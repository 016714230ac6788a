/* What can be said of CUDA and cuDNN without a GPU: whether a device can be used, and the operation
 * graphs, which cuDNN checks attribute by attribute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cuda/conv_library.h"
#include "cuda/device.h"

static void assert_says_why(enum status status) {
    assert_int_equal(status, STATUS_BAD_INPUT);
    assert_int_equal(strncmp(status_message(), "--device cuda: ", 15), 0);
    assert_null(strchr(status_message(), '\n'));
    assert_non_null(strstr(status_message(), "--device cpu"));
}

static void test_hidden_devices(void **state) {
    (void)state;
    struct device device;
    struct conv_library *library;
    assert_int_equal(setenv("CUDA_VISIBLE_DEVICES", "", 1), 0);
    assert_says_why(device_available());
    assert_says_why(device_bind(0, &device));
    assert_int_equal(conv_library_make(NULL, &library), STATUS_FAILED);
    assert_null(library);
}

static void test_ranks_share_devices(void **state) {
    (void)state;
    static const struct {
        int rank, count, index;
        bool shared;
    } cases[] = {{0, 1, 0, false}, {1, 1, 0, true}, {3, 4, 3, false},
                 {4, 4, 0, true},  {9, 4, 1, true}, {0, 8, 0, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(device_index(cases[i].rank, cases[i].count), cases[i].index);
        assert_int_equal(device_shared(cases[i].rank, cases[i].count), cases[i].shared);
    }
}

static const struct conv_shape base_shape = {
    .n = 8,
    .height = 80,
    .width = 80,
    .in_channels = 64,
    .out_channels = 64,
    .in_pitch = 192,
    .out_pitch = 128,
    .window =
        {.kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}, .pad = {1, 1, 1, 1}, .group = 1},
    .has_bias = true,
    .element = ELEMENT_F16,
};

static void assert_graph(const struct conv_shape *shape, enum conv_form form, bool packed) {
    struct conv_way way = {form, packed};
    struct conv_graph graph;
    cudnnStatus_t result = conv_graph_make(NULL, shape, &way, &graph);
    if (result != CUDNN_STATUS_SUCCESS) {
        char detail[256] = "";
        cudnnGetLastErrorString(detail, sizeof detail);
        fail_msg("form %d, activation %d: %s: %s", form, shape->epilogue.activation,
                 cudnnGetErrorString(result), detail);
    }
    assert_non_null(graph.graph);
    conv_graph_free(&graph);
    assert_null(graph.graph);
}

static void test_graphs_of_all_activations(void **state) {
    (void)state;
    size_t fused = 0;
    for (int activation = ACTIVATION_NONE; activation <= ACTIVATION_SOFTPLUS; activation++)
        for (size_t i = 0; i < 16; i++) {
            struct conv_shape shape = base_shape;
            shape.epilogue = (struct epilogue){(enum activation)activation, 0, 6};
            shape.has_bias = i & 1;
            shape.residual_pitch = i & 2 ? 64 : 0;
            shape.element = i & 4 ? ELEMENT_F32 : ELEMENT_F16;
            assert_graph(&shape, CONV_PLAIN, i & 8);
            if (!conv_form_exists(&shape, CONV_FUSED))
                continue;
            assert_graph(&shape, CONV_FUSED, i & 8);
            fused++;
        }
    /* All but Mish, HardSigmoid and HardSwish; nothing to fuse in 4 of the 16 without activation.
     */
    assert_int_equal(fused, (12 - 3) * 16 - 4);
}

static void test_graphs_of_windows(void **state) {
    (void)state;
    static const struct window windows[] = {
        {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .group = 1},
        {.kernel = {3, 3}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {0, 0, 1, 1}, .group = 1},
        {.kernel = {6, 6}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {2, 2, 2, 2}, .group = 1},
        {.kernel = {3, 5}, .stride = {1, 2}, .dilation = {2, 3}, .pad = {2, 6, 2, 6}, .group = 4},
    };
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        struct conv_shape shape = base_shape;
        shape.window = windows[i];
        shape.epilogue.activation = ACTIVATION_SILU;
        shape.in_alignment = 8;
        assert_graph(&shape, CONV_FUSED, false);
        assert_graph(&shape, CONV_PLAIN, false);
    }
}

static void test_clip_that_cudnn_does_not_know(void **state) {
    (void)state;
    struct conv_shape shape = base_shape;
    shape.epilogue = (struct epilogue){ACTIVATION_CLIP, 0, 6};
    assert_true(conv_form_exists(&shape, CONV_FUSED));
    shape.epilogue.alpha = -1;
    assert_false(conv_form_exists(&shape, CONV_FUSED));
    assert_true(conv_form_exists(&shape, CONV_PLAIN));
}

static void test_strided(void **state) {
    (void)state;
    struct conv_shape shape = base_shape;
    assert_true(conv_is_strided(&shape));
    shape.in_pitch = shape.out_pitch = 64;
    assert_false(conv_is_strided(&shape));
    shape.residual_pitch = 64;
    assert_false(conv_is_strided(&shape));
    shape.residual_alignment = 8;
    assert_true(conv_is_strided(&shape));
}

static void test_ways(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct conv_way way = {i & 1 ? CONV_PLAIN : CONV_FUSED, i & 2}, parsed;
        assert_true(conv_way_parse(conv_way_text(&way), &parsed));
        assert_int_equal(parsed.form, way.form);
        assert_int_equal(parsed.packed, way.packed);
    }
    struct conv_way way;
    assert_false(conv_way_parse("", &way));
    assert_false(conv_way_parse("fused ", &way));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hidden_devices),
        cmocka_unit_test(test_ranks_share_devices),
        cmocka_unit_test(test_graphs_of_all_activations),
        cmocka_unit_test(test_graphs_of_windows),
        cmocka_unit_test(test_clip_that_cudnn_does_not_know),
        cmocka_unit_test(test_strided),
        cmocka_unit_test(test_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
