/* What can be said of CUDA and cuDNN without a GPU: whether a device can be used; the operation
 * graphs, which cuDNN checks attribute by attribute; and the engines that it proposes for a GPU
 * that is only described. Those that it compiles at run time need the driver, and are not among
 * them without it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cuda/conv/conv_library.h"
#include "cuda/device.h"
#include "cuda_described.h"
#include "unit.h"

/* Asked by the leak sanitizer. cuDNN and cuBLASLt keep memory until the process ends. */
int __lsan_is_turned_off(void);  /* NOLINT(bugprone-reserved-identifier) */
int __lsan_is_turned_off(void) { /* NOLINT(bugprone-reserved-identifier) */
    return 1;
}

static void assert_says_why(enum status status) {
    assert_int_equal(status, STATUS_BAD_INPUT);
    assert_true(strlen(status_message()) > 0);
    assert_null(strchr(status_message(), '\n'));
    assert_non_null(strstr(status_message(), "--device cpu"));
}

static void test_hidden_devices(void **state) {
    (void)state;
    struct device device;
    struct conv_library *library;
    assert_int_equal(setenv("CUDA_VISIBLE_DEVICES", "", 1), 0);
    assert_says_why(device_available(NULL, 0));
    assert_says_why(device_bind(0, NULL, 0, &device));
    assert_int_equal(conv_library_make(&library), STATUS_FAILED);
    assert_null(library);
}

static void test_ranks_go_round_the_devices(void **state) {
    (void)state;
    static const int cases[][3] = {{0, 1, 0}, {1, 1, 0}, {3, 4, 3},
                                   {4, 4, 0}, {9, 4, 1}, {0, 8, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(device_index(cases[i][0], cases[i][1]), cases[i][2]);
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
    struct conv_way way = {.form = form, .packed = packed};
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
    for (int i = 0; i < 8; i++) {
        struct conv_way way = {i & 1 ? CONV_PLAIN : CONV_FUSED, i & 2, i & 1 && i & 4}, parsed;
        assert_true(conv_way_parse(conv_way_text(&way), &parsed));
        assert_int_equal(parsed.form, way.form);
        assert_int_equal(parsed.packed, way.packed);
        assert_int_equal(parsed.forced, way.forced);
    }
    struct conv_way way;
    assert_false(conv_way_parse("", &way));
    assert_false(conv_way_parse("fused ", &way));
}

static bool has_note(cudnnBackendDescriptor_t config, cudnnBackendNumericalNote_t wanted) {
    cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    cudnnBackendDescriptor_t engine;
    int64_t count = 0;
    bool found = false;
    assert_int_equal(cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine),
                     CUDNN_STATUS_SUCCESS);
    assert_int_equal(cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE,
                                              CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &engine),
                     CUDNN_STATUS_SUCCESS);
    assert_int_equal(cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                              CUDNN_TYPE_NUMERICAL_NOTE,
                                              CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &count, notes),
                     CUDNN_STATUS_SUCCESS);
    for (int64_t i = 0; i < count; i++)
        found = found || notes[i] == wanted;
    (void)cudnnBackendDestroyDescriptor(engine);
    return found;
}

enum { ENGINES = 8 };

/* No two alike: the texts name engine and knobs. */
static size_t find(const struct conv_target *target, const struct conv_shape *shape,
                   struct conv_engine engines[ENGINES]) {
    const struct conv_way way = {.form = CONV_PLAIN};
    char *texts[ENGINES];
    size_t n = conv_engines_find(target, shape, &way, engines, ENGINES);
    assert_in_range(n, 1, ENGINES);
    for (size_t i = 0; i < n; i++) {
        texts[i] = conv_engine_text(&engines[i]);
        assert_non_null(texts[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(texts[i], texts[k]);
    }
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    return n;
}

static void free_engines(struct conv_engine *engines, size_t n) {
    for (size_t i = 0; i < n; i++)
        conv_engine_free(&engines[i]);
}

static void test_engines_of_a_described_device(void **state) {
    (void)state;
    struct conv_target target;
    struct conv_engine engines[ENGINES];
    if (!described_make(&described_gpus[DESCRIBED_A100], &target))
        SKIP("this cuDNN describes no device");
    size_t n = find(&target, &base_shape, engines);
    assert_true(n > 1);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(engines[i].plan);
        assert_true(engines[i].workspace <= CONV_WORKSPACE_LIMIT);
        assert_true(conv_config_allowed(engines[i].config, ELEMENT_F16));
    }
    free_engines(engines, n);
    described_free(&target);
}

/* In fp32 no engine may round to TF32 on its way; in fp16 tensor cores are what is wanted. */
static void test_tensor_cores_for_fp16_only(void **state) {
    (void)state;
    struct conv_target target;
    struct conv_engine engines[ENGINES];
    struct conv_shape shape = base_shape;
    size_t with = 0;
    if (!described_make(&described_gpus[DESCRIBED_A100], &target))
        SKIP("this cuDNN describes no device");
    size_t n = find(&target, &shape, engines);
    for (size_t i = 0; i < n; i++) {
        with += has_note(engines[i].config, CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
        assert_false(has_note(engines[i].config, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION));
        assert_false(has_note(engines[i].config, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC));
        assert_false(has_note(engines[i].config, CUDNN_NUMERICAL_NOTE_TENSOR_CORE) &&
                     conv_config_allowed(engines[i].config, ELEMENT_F32));
    }
    assert_true(with > 0);
    free_engines(engines, n);
    shape.element = ELEMENT_F32;
    n = find(&target, &shape, engines);
    for (size_t i = 0; i < n; i++) {
        assert_false(has_note(engines[i].config, CUDNN_NUMERICAL_NOTE_TENSOR_CORE));
        assert_false(has_note(engines[i].config, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS));
        assert_false(has_note(engines[i].config, CUDNN_NUMERICAL_NOTE_WINOGRAD));
    }
    free_engines(engines, n);
    described_free(&target);
}

/* What the cache file keeps brings the same plan back; anything else is refused, not obeyed. */
static void test_plans_from_their_text(void **state) {
    (void)state;
    static const char *const wrong[] = {"", "{}", "[]", "no JSON", "{\"engine\": 1}"};
    const struct conv_way way = {.form = CONV_PLAIN};
    struct conv_target target;
    struct conv_engine engines[ENGINES], loaded = {0};
    if (!described_make(&described_gpus[DESCRIBED_A100], &target))
        SKIP("this cuDNN describes no device");
    size_t n = find(&target, &base_shape, engines);
    for (size_t i = 0; i < n; i++) {
        char *text = conv_engine_text(&engines[i]);
        assert_non_null(text);
        assert_true(conv_engine_load(&target, text, &way, &loaded));
        assert_null(loaded.config);
        assert_int_equal(loaded.workspace, engines[i].workspace);
        char *again = conv_engine_text(&loaded);
        assert_non_null(again);
        assert_string_equal(again, text);
        conv_engine_free(&loaded);
        text[strlen(text) / 2] = '\0';
        assert_false(conv_engine_load(&target, text, &way, &loaded));
        free(again);
        free(text);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(conv_engine_load(&target, wrong[i], &way, &loaded));
    assert_null(loaded.plan);
    free_engines(engines, n);
    described_free(&target);
}

/* Every shape of convolution that the networks have, in both element types. */
static void test_engines_for_shapes(void **state) {
    (void)state;
    static const struct {
        size_t side, in, out;
        int64_t kernel, stride, begin, end, group;
    } cases[] = {
        {640, 8, 16, 3, 2, 1, 1, 1},  {640, 8, 32, 6, 2, 2, 2, 1},   /* stems */
        {321, 16, 16, 2, 1, 0, 0, 1}, {320, 16, 32, 3, 1, 1, 1, 1},  /* the same, folded */
        {80, 64, 64, 1, 1, 0, 0, 1},  {20, 512, 512, 3, 1, 1, 1, 1}, /* the rest */
        {40, 64, 128, 3, 2, 0, 1, 1}, {40, 64, 64, 3, 1, 1, 1, 4},
    };
    struct conv_target target;
    struct conv_engine engines[ENGINES];
    if (!described_make(&described_gpus[DESCRIBED_A100], &target))
        SKIP("this cuDNN describes no device");
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct conv_shape shape = {
            .n = 8,
            .height = cases[i / 2].side,
            .width = cases[i / 2].side,
            .in_channels = cases[i / 2].in,
            .out_channels = cases[i / 2].out,
            .in_pitch = cases[i / 2].in,
            .out_pitch = 2 * cases[i / 2].out,
            .window = {.dilation = {1, 1}, .group = cases[i / 2].group},
            .has_bias = true,
            .epilogue = {ACTIVATION_SILU, 0, 0},
            .element = i % 2 ? ELEMENT_F32 : ELEMENT_F16,
        };
        for (size_t axis = 0; axis < 2; axis++) {
            shape.window.kernel[axis] = cases[i / 2].kernel;
            shape.window.stride[axis] = cases[i / 2].stride;
            shape.window.pad[axis] = cases[i / 2].begin;
            shape.window.pad[axis + 2] = cases[i / 2].end;
        }
        free_engines(engines, find(&target, &shape, engines));
    }
    described_free(&target);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hidden_devices),
        cmocka_unit_test(test_ranks_go_round_the_devices),
        cmocka_unit_test(test_graphs_of_all_activations),
        cmocka_unit_test(test_graphs_of_windows),
        cmocka_unit_test(test_clip_that_cudnn_does_not_know),
        cmocka_unit_test(test_strided),
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_engines_of_a_described_device),
        cmocka_unit_test(test_tensor_cores_for_fp16_only),
        cmocka_unit_test(test_plans_from_their_text),
        cmocka_unit_test(test_engines_for_shapes),
    };
    return RUN_TESTS(tests);
}
