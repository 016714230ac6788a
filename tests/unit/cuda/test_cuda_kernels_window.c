/* The CUDA backend's kernels over windows, against op_evaluate. */
#include "cuda_kernels_rig.h"
#include "unit.h"

/* Windows that an input may be too small for are left out there. */
static const struct window windows[] = {
    {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}},
    {.kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}, .pad = {1, 1, 1, 1}},
    {.kernel = {3, 3}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {1, 1, 1, 1}},
    {.kernel = {3, 3}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {1, 1, 1, 1}, .ceil_mode = 1},
    {.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}, .ceil_mode = true},
    {.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}},
    {.kernel = {7, 7}, .stride = {1, 1}, .dilation = {1, 1}, .pad = {3, 3, 3, 3}},
    {.kernel = {3, 5}, .stride = {2, 1}, .dilation = {1, 1}, .pad = {0, 1, 2, 3}},
    {.kernel = {3, 3}, .stride = {1, 2}, .dilation = {2, 3}, .pad = {2, 4, 1, 3}},
    {.kernel = {3, 2}, .stride = {3, 3}, .dilation = {2, 1}, .pad = {1, 0, 1, 1}, .ceil_mode = 1},
};
enum { WINDOWS = sizeof windows / sizeof *windows };

/* The input's planes; the rig has run where *runs. */
static float *window_rig(struct rig *rig, const struct setup *setup, enum op_kind kind,
                         const struct window *window) {
    *rig = rig_start(kind);
    rig->op.window = *window;
    return rig_noise(rig, setup->element,
                     planes_shape(setup->n, setup->channels, setup->height, setup->width), 1);
}

static struct guarded source(const struct setup *setup, const float *planes) {
    return guarded_fill(setup, planes, setup->n, setup->channels, setup->height, setup->width);
}

/* Only an input that is too small excuses a refusal. */
static bool rig_fits(struct rig *rig, const struct setup *setup) {
    if (rig_run(rig) == STATUS_OK)
        return true;
    assert_true(setup->height < 7 && strstr(status_message(), "larger than the padded input"));
    return false;
}

static void check_depthwise_of(const struct setup *setup, const struct window *shape, bool bias,
                               bool residual) {
    struct window window = *shape;
    struct rig rig;
    int64_t channels = window.group = (int64_t)setup->channels;
    struct shape weights_shape = SHAPE(channels, 1, window.kernel[0], window.kernel[1]);
    float *x = window_rig(&rig, setup, OP_CONV, &window), *added_planes = NULL;
    float *weights = rig_noise(&rig, setup->element, weights_shape, 2), *b = NULL;
    if (bias)
        b = rig_noise(&rig, ELEMENT_F32, SHAPE(channels), 3);
    else
        rig.op.inputs[rig.op.n_inputs++] = -1;
    if (!rig_fits(&rig, setup)) {
        rig_end(&rig);
        return;
    }
    struct epilogue epilogue = {ACTIVATION_SILU, 0, 0};
    rig.op.activation = ACTIVATION_SILU;
    if (residual)
        added_planes = rig_noise(&rig, setup->element, rig.out.shape, 4);
    ASSERT_OK(rig_run(&rig));
    struct guarded src = source(setup, x), dst = guarded_result(setup, &rig);
    void *packed = pack_weights(setup->element, weights, weights_shape.dims, false);
    struct guarded added = added_planes
                               ? guarded_fill(setup, added_planes, dst.map.n, dst.map.channels,
                                              dst.map.height, dst.map.width)
                               : guarded_result(setup, &rig);
    const struct kernel_layer layer = {
        &src.map, packed, &window, b, &epilogue, residual ? &added.map : NULL, &dst.map};
    ASSERT_OK(kernel_depthwise(&layer, NULL));
    guarded_check(&dst, rig.out.data);
    guarded_end(&src);
    guarded_end(&added);
    free(packed);
    rig_end(&rig);
}

static void check_depthwise(const struct setup *setup) {
    for (size_t i = 0; i < WINDOWS; i++) {
        check_depthwise_of(setup, &windows[i], true, false);
        check_depthwise_of(setup, &windows[i], i % 2, true);
    }
}

static void test_depthwise(void **state) {
    (void)state;
    for_all_setups(check_depthwise);
}

static bool pool_allows(const struct window *window) {
    for (int i = 0; i < 4; i++)
        if (window->pad[i] > window->dilation[i % 2] * (window->kernel[i % 2] - 1))
            return false;
    return true;
}

static void check_pools(const struct setup *setup) {
    for (size_t i = 0; i < 3 * WINDOWS; i++) {
        const struct window *window = &windows[i % WINDOWS];
        struct rig rig;
        float *x = window_rig(&rig, setup, i < WINDOWS ? OP_MAX_POOL : OP_AVERAGE_POOL, window);
        bool count = rig.op.pool_count_padding = i >= 2 * WINDOWS;
        assert_true(pool_allows(window));
        if (rig_fits(&rig, setup)) {
            struct guarded src = source(setup, x), dst = guarded_result(setup, &rig);
            if (i < WINDOWS)
                ASSERT_OK(kernel_max_pool(&src.map, window, &dst.map, NULL));
            else
                ASSERT_OK(kernel_average_pool(&src.map, window, count, &dst.map, NULL));
            guarded_check(&dst, rig.out.data);
            guarded_end(&src);
        }
        rig_end(&rig);
    }
}

static void test_pools(void **state) {
    (void)state;
    for_all_setups(check_pools);
}

static void check_sppf_of(const struct setup *setup, int64_t side) {
    struct rig rig;
    int64_t pad = side / 2;
    struct window window = {{side, side}, {1, 1}, {1, 1}, {pad, pad, pad, pad}, {0}, 1, false};
    float *x = window_rig(&rig, setup, OP_MAX_POOL, &window);
    struct guarded src = source(setup, x), dst[3];
    for (size_t i = 0; i < 3; i++)
        dst[i] = source(setup, x);
    struct map maps[3] = {dst[0].map, dst[1].map, dst[2].map};
    ASSERT_OK(kernel_sppf(&src.map, (size_t)side, maps, NULL));
    for (size_t i = 0; i < 3; i++) {
        ASSERT_OK(rig_run(&rig));
        guarded_check(&dst[i], rig.out.data);
        memcpy(x, rig.out.data, (size_t)shape_elements(&rig.out.shape) * sizeof *x);
    }
    guarded_end(&src);
    rig_end(&rig);
}

static void check_sppf(const struct setup *setup) {
    check_sppf_of(setup, 1);
    check_sppf_of(setup, 3);
    check_sppf_of(setup, 5);
}

static void test_sppf(void **state) {
    (void)state;
    for_all_setups(check_sppf);
}

/* As in a model: source and results are channels of one buffer. */
static void test_sppf_in_concat(void **state) {
    (void)state;
    struct setup setup = {ELEMENT_F16, 2, 6, 9, 16, 0, 0};
    struct rig rig;
    struct window window = {{5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}, {0}, 1, false};
    float *x = window_rig(&rig, &setup, OP_MAX_POOL, &window);
    struct guarded whole = guarded_make(&setup, 2, 64, 6, 9);
    struct map parts[4];
    for (size_t i = 0; i < 4; i++) {
        parts[i] = whole.map;
        parts[i].channels = 16;
        parts[i].data = (_Float16 *)whole.map.data + 16 * i;
    }
    struct guarded src = source(&setup, x);
    ASSERT_OK(kernel_copy(&src.map, &parts[0], NULL));
    ASSERT_OK(kernel_sppf(&parts[0], 5, parts + 1, NULL));
    for (size_t i = 0; i < 4; i++) {
        assert_planes(&parts[i], x);
        ASSERT_OK(rig_run(&rig));
        memcpy(x, rig.out.data, (size_t)shape_elements(&rig.out.shape) * sizeof *x);
    }
    guarded_end(&src);
    guarded_end(&whole);
    rig_end(&rig);
}

/* Output padding lies beyond the windows' reach where it exceeds what stride and dilation span. */
static void check_deconvolution_of(const struct setup *setup, const struct window *window,
                                   int64_t out_channels, bool bias) {
    struct rig rig;
    float *x = window_rig(&rig, setup, OP_CONV_TRANSPOSE, window), *b = NULL;
    struct shape shape =
        SHAPE((int64_t)setup->channels, out_channels, window->kernel[0], window->kernel[1]);
    float *weights = rig_noise(&rig, setup->element, shape, 2);
    if (bias)
        b = rig_noise(&rig, ELEMENT_F32, SHAPE(out_channels), 3);
    struct epilogue epilogue = {ACTIVATION_RELU, 0, 0};
    rig.op.activation = ACTIVATION_RELU;
    if (rig_run(&rig) == STATUS_OK) {
        struct guarded src = source(setup, x), dst = guarded_result(setup, &rig);
        void *packed = pack_weights(setup->element, weights, shape.dims, true);
        const struct kernel_layer layer = {&src.map, packed, window, b, &epilogue, NULL, &dst.map};
        ASSERT_OK(kernel_deconvolution(&layer, NULL));
        guarded_check(&dst, rig.out.data);
        guarded_end(&src);
        free(packed);
    } else {
        assert_non_null(strstr(status_message(), "leaves nothing"));
        assert_true(setup->height < 7);
    }
    rig_end(&rig);
}

static void check_deconvolution(const struct setup *setup) {
    static const struct window shapes[] = {
        {{2, 2}, {2, 2}, {1, 1}, {0}, {0}, 1, false},
        {{3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, {1, 1}, 1, false},
        {{4, 4}, {2, 2}, {1, 1}, {1, 1, 1, 1}, {0}, 1, false},
        {{3, 2}, {1, 3}, {2, 1}, {0, 1, 2, 0}, {0, 2}, 1, false},
        {{1, 1}, {3, 2}, {1, 1}, {0}, {2, 1}, 1, false},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        check_deconvolution_of(setup, &shapes[i], 5, false);
        check_deconvolution_of(setup, &shapes[i], 16, true);
    }
}

static void test_deconvolution(void **state) {
    (void)state;
    for_all_setups(check_deconvolution);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depthwise),     cmocka_unit_test(test_pools),
        cmocka_unit_test(test_sppf),          cmocka_unit_test(test_sppf_in_concat),
        cmocka_unit_test(test_deconvolution),
    };
    return RUN_TESTS(tests);
}
