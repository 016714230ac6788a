/* cuda/conv/conv.h in plain loops against op_evaluate; keys and checks of shapes. */
#include "cuda_kernels_rig.h"

#include "cuda/conv/conv.h"
#include "cuda/memory.h"
#include "unit.h"

/* Besides `group` of setup->channels in, group * 4 out. */
static const struct window windows[] = {
    {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .group = 1},
    {.kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}, .pad = {1, 1, 1, 1}, .group = 1},
    {.kernel = {3, 3}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {1, 1, 1, 1}, .group = 1},
    {.kernel = {6, 6}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {2, 2, 2, 2}, .group = 1},
    {.kernel = {2, 3}, .stride = {1, 2}, .dilation = {3, 2}, .pad = {3, 2, 0, 4}, .group = 1},
    {.kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}, .pad = {1, 1, 1, 1}, .group = 4},
};
enum { WINDOWS = sizeof windows / sizeof *windows };

static const struct epilogue epilogues[] = {
    {ACTIVATION_SILU, 0, 0},          {ACTIVATION_NONE, 0, 0},    {ACTIVATION_RELU, 0, 0},
    {ACTIVATION_LEAKY_RELU, 0.1f, 0}, {ACTIVATION_SIGMOID, 0, 0}, {ACTIVATION_CLIP, 0, 6},
};
enum { EPILOGUES = sizeof epilogues / sizeof *epilogues };

/* Weights (O,I,kh,kw) to (O,kh,kw,I). */
static void *channels_last(enum element element, const float *weights, const int64_t dims[4]) {
    size_t o = (size_t)dims[0], depth = (size_t)dims[1], taps = (size_t)(dims[2] * dims[3]);
    void *packed;
    ASSERT_OK(device_alloc(o * depth * taps * element_size(element), &packed));
    for (size_t i = 0; i < o; i++)
        for (size_t j = 0; j < depth; j++)
            for (size_t tap = 0; tap < taps; tap++)
                element_store(packed, element, (i * taps + tap) * depth + j,
                              weights[(i * depth + j) * taps + tap]);
    return packed;
}

/* fp32 sums of `terms` products of numbers up to 2, against sums in double. */
static void assert_sums(const struct map *map, const float *planes, size_t terms) {
    for (size_t i = 0; i < map_elements(map); i++) {
        float actual = element_load(map->data, map->element, plane_index(map, i));
        float tolerance = 1e-6f * (float)(terms + 10);
        if (map->element == ELEMENT_F16)
            tolerance += fabsf(planes[i]) * 0x1p-10f;
        if (!(fabsf(actual - planes[i]) <= tolerance))
            fail_msg("element %zu is %.9g; %.9g is expected", i, (double)actual, (double)planes[i]);
    }
}

/* What a byte offset leaves of an alignment of 16: 16, 8, 4 or 2. */
static size_t alignment_at(size_t offset) {
    size_t alignment = 16;
    while (alignment > 2 && offset % alignment)
        alignment /= 2;
    return alignment;
}

static struct conv_shape shape_of(const struct setup *setup, const struct window *window,
                                  size_t out_channels) {
    size_t alignment = alignment_at(setup->offset * element_size(setup->element));
    return (struct conv_shape){
        .n = setup->n,
        .height = setup->height,
        .width = setup->width,
        .in_channels = setup->channels,
        .out_channels = out_channels,
        .in_pitch = setup->channels + setup->extra,
        .out_pitch = out_channels + setup->extra,
        .in_alignment = alignment,
        .out_alignment = alignment,
        .window = *window,
        .element = setup->element,
    };
}

/* By a library of its own. */
static void run_alone(const struct conv_shape *shape, const struct conv_operands *operands) {
    struct conv_library *library;
    struct conv_plan *plan;
    ASSERT_OK(conv_library_make(&library));
    ASSERT_OK(conv_library_want(library, shape, &plan));
    ASSERT_OK(conv_library_build(library));
    assert_null(conv_library_note(library));
    ASSERT_OK(conv_run(library, plan, operands));
    conv_library_free(library);
}

static void check_conv(const struct setup *setup, const struct window *window,
                       const struct epilogue *epilogue, bool has_bias, bool has_residual) {
    struct rig rig = rig_start(OP_CONV);
    size_t depth = setup->channels / (size_t)window->group, out = (size_t)window->group * 4;
    struct conv_shape shape = shape_of(setup, window, out);
    struct shape weights_shape =
        SHAPE((int64_t)out, (int64_t)depth, window->kernel[0], window->kernel[1]);
    float *bias = NULL, *device_bias = NULL, *added_planes = NULL;
    rig.op.window = *window;
    float *x = rig_noise(&rig, setup->element,
                         planes_shape(setup->n, setup->channels, setup->height, setup->width), 1);
    float *weights = rig_noise(&rig, setup->element, weights_shape, 2);
    if (has_bias) {
        bias = rig_noise(&rig, ELEMENT_F32, SHAPE((int64_t)out), 3);
        ASSERT_OK(device_alloc(out * sizeof *bias, (void **)&device_bias));
        ASSERT_OK(device_upload(bias, out * sizeof *bias, device_bias));
    } else {
        rig.op.inputs[rig.op.n_inputs++] = -1;
    }
    rig.op.activation = epilogue->activation;
    rig.op.alpha = epilogue->alpha;
    rig.op.beta = epilogue->beta;
    shape.has_bias = has_bias;
    shape.epilogue = *epilogue;
    ASSERT_OK(rig_run(&rig));
    assert_int_equal(conv_out_size(setup->height, window, 0), rig.out.shape.dims[2]);
    assert_int_equal(conv_out_size(setup->width, window, 1), rig.out.shape.dims[3]);
    if (has_residual) {
        added_planes = rig_noise(&rig, setup->element, rig.out.shape, 4);
        shape.residual_pitch = shape.out_pitch;
        shape.residual_alignment = shape.out_alignment;
        ASSERT_OK(rig_run(&rig));
    }
    void *packed = channels_last(setup->element, weights, weights_shape.dims);
    struct guarded src =
        guarded_fill(setup, x, setup->n, setup->channels, setup->height, setup->width);
    struct guarded dst = guarded_result(setup, &rig);
    struct guarded added = added_planes
                               ? guarded_fill(setup, added_planes, dst.map.n, dst.map.channels,
                                              dst.map.height, dst.map.width)
                               : guarded_result(setup, &rig);
    /* Inputs may lie in wider buffers than results. */
    shape.in_pitch = src.map.pitch;
    if (has_residual)
        shape.residual_pitch = added.map.pitch;
    run_alone(&shape, &(struct conv_operands){&src.map, packed, device_bias,
                                              has_residual ? &added.map : NULL, &dst.map});
    assert_sums(&dst.map, rig.out.data,
                depth * (size_t)(window->kernel[0] * window->kernel[1]) * 4);
    guarded_end(&dst);
    guarded_end(&src);
    guarded_end(&added);
    device_free(packed);
    device_free(device_bias);
    rig_end(&rig);
}

static void test_against_op_evaluate(void **state) {
    (void)state;
    static const size_t channels[] = {4, 8, 20}, sizes[][2] = {{7, 9}, {4, 13}};
    static const size_t places[][2] = {{0, 0}, {16, 8}, {5, 3}};
    size_t checked = 0;
    for (size_t i = 0; i < 2 * 3 * 2 * 3; i++) {
        const size_t *size = sizes[i / 6 % 2], *place = places[i / 12];
        struct setup setup = {i % 2 ? ELEMENT_F16 : ELEMENT_F32,
                              1 + i % 3,
                              size[0],
                              size[1],
                              channels[i / 2 % 3],
                              place[0],
                              place[1]};
        for (size_t w = 0; w < WINDOWS; w++, checked++)
            check_conv(&setup, &windows[w], &epilogues[checked % EPILOGUES], checked % 3 != 0,
                       checked % 4 < 2);
    }
}

static const struct conv_shape base_shape = {
    .n = 2,
    .height = 20,
    .width = 24,
    .in_channels = 16,
    .out_channels = 32,
    .in_pitch = 16,
    .out_pitch = 64,
    .residual_pitch = 32,
    .window =
        {.kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}, .pad = {1, 1, 1, 1}, .group = 1},
    .epilogue = {ACTIVATION_SILU, 0, 0},
    .has_bias = true,
    .element = ELEMENT_F16,
};

static bool same_key(const struct conv_shape *a, const struct conv_shape *b) {
    struct text first = {0}, second = {0};
    conv_shape_key(a, &first);
    conv_shape_key(b, &second);
    ASSERT_OK(text_status(&first));
    ASSERT_OK(text_status(&second));
    assert_null(strpbrk(first.data, "\n"));
    bool same = !strcmp(first.data, second.data);
    text_free(&first);
    text_free(&second);
    return same;
}

static void test_keys_tell_shapes_apart(void **state) {
    (void)state;
    struct conv_shape a = base_shape, others[64];
    size_t n = 0;
#define OTHER(field, value) (others[n] = base_shape, others[n++].field = (value))
    OTHER(n, 3), OTHER(height, 24), OTHER(width, 20), OTHER(in_channels, 8);
    OTHER(out_channels, 16), OTHER(in_pitch, 32), OTHER(out_pitch, 32), OTHER(residual_pitch, 64);
    OTHER(residual_pitch, 0), OTHER(in_alignment, 8), OTHER(out_alignment, 8);
    OTHER(residual_alignment, 8), OTHER(window.group, 2), OTHER(has_bias, false);
    OTHER(element, ELEMENT_F32), OTHER(epilogue.activation, ACTIVATION_RELU);
    OTHER(epilogue.alpha, 0x1.000002p-3f), OTHER(epilogue.alpha, 0x1p-3f), OTHER(epilogue.beta, 6);
    for (size_t axis = 0; axis < 2; axis++) {
        OTHER(window.kernel[axis], 5), OTHER(window.stride[axis], 2);
        OTHER(window.dilation[axis], 2), OTHER(window.pad[axis], 2), OTHER(window.pad[axis + 2], 2);
    }
#undef OTHER
    for (size_t i = 0; i < n; i++) {
        assert_false(same_key(&a, &others[i]));
        for (size_t j = 0; j < i; j++)
            assert_false(same_key(&others[i], &others[j]));
    }
    a.in_alignment = a.out_alignment = a.residual_alignment = 16;
    assert_true(same_key(&a, &base_shape));
}

static void test_equal_shapes_share_a_plan(void **state) {
    (void)state;
    struct conv_library *library;
    struct conv_plan *first, *second, *third;
    struct conv_shape other = base_shape;
    other.n = 1;
    ASSERT_OK(conv_library_make(&library));
    ASSERT_OK(conv_library_want(library, &base_shape, &first));
    ASSERT_OK(conv_library_want(library, &other, &second));
    ASSERT_OK(conv_library_want(library, &base_shape, &third));
    assert_ptr_equal(first, third);
    assert_ptr_not_equal(first, second);
    conv_library_free(library);
    conv_library_free(NULL);
}

static void test_shapes_that_are_none(void **state) {
    (void)state;
    struct conv_library *library;
    struct conv_plan *plan;
    struct conv_shape wrong[32];
    size_t n = 0;
    ASSERT_OK(conv_library_make(&library));
#define WRONG(field, value) (wrong[n] = base_shape, wrong[n++].field = (value))
    WRONG(n, 0), WRONG(height, 0), WRONG(in_channels, 0), WRONG(out_channels, 0);
    WRONG(in_pitch, 15), WRONG(out_pitch, 31), WRONG(residual_pitch, 31), WRONG(window.group, 0);
    WRONG(window.group, 3), WRONG(window.stride[1], 0), WRONG(window.dilation[0], 0);
    WRONG(window.kernel[0], 0), WRONG(window.kernel[0], 23), WRONG(window.pad[2], -1);
    WRONG(in_alignment, 3), WRONG(out_alignment, 32);
#undef WRONG
    for (size_t i = 0; i < n; i++) {
        plan = (struct conv_plan *)&n;
        assert_int_equal(conv_library_want(library, &wrong[i], &plan), STATUS_FAILED);
        assert_null(plan);
    }
    conv_library_free(library);
}

static void test_run_wants_what_was_built(void **state) {
    (void)state;
    struct conv_library *library;
    struct conv_plan *plan;
    struct conv_shape shape = base_shape;
    void *x, *w, *b, *r, *y;
    shape.out_pitch = 32;
    shape.element = ELEMENT_F32;
    size_t bytes = (size_t)2 * 20 * 24 * 33 * 4;
    ASSERT_OK(device_alloc(bytes, &x));
    ASSERT_OK(device_alloc(bytes, &r));
    ASSERT_OK(device_alloc(bytes, &y));
    ASSERT_OK(device_alloc((size_t)32 * 9 * 16 * 4, &w));
    ASSERT_OK(device_alloc(36 * 4, &b));
    struct map src = {x, ELEMENT_F32, 2, 20, 24, 16, 16}, dst = {y, ELEMENT_F32, 2, 20, 24, 32, 32};
    struct map residual = {r, ELEMENT_F32, 2, 20, 24, 32, 32}, other;
    ASSERT_OK(conv_library_make(&library));
    ASSERT_OK(conv_library_want(library, &shape, &plan));
#define REFUSED(...)                                                                               \
    assert_int_equal(conv_run(library, plan, &(struct conv_operands){__VA_ARGS__}), STATUS_FAILED)
    REFUSED(&src, w, b, &residual, &dst); /* not built */
    ASSERT_OK(conv_library_build(library));
    ASSERT_OK(conv_run(library, plan, &(struct conv_operands){&src, w, b, &residual, &dst}));
    REFUSED(&src, w, NULL, &residual, &dst);
    REFUSED(&src, w, b, NULL, &dst);
    REFUSED(&src, NULL, b, &residual, &dst);
    REFUSED(&src, w, (float *)b + 1, &residual, &dst);
    other = src, other.n = 1;
    REFUSED(&other, w, b, &residual, &dst);
    other = src, other.data = (char *)x + 8;
    REFUSED(&other, w, b, &residual, &dst);
    other = src, other.element = ELEMENT_F16;
    REFUSED(&other, w, b, &residual, &dst);
    other = dst, other.pitch = 33;
    REFUSED(&src, w, b, &residual, &other);
    REFUSED(&src, w, b, &other, &dst);
    other = dst, other.width = 23;
    REFUSED(&src, w, b, &residual, &other);
#undef REFUSED
    conv_library_free(library);
    void *all[] = {x, w, b, r, y};
    for (size_t i = 0; i < 5; i++)
        device_free(all[i]);
}

static void test_memory(void **state) {
    (void)state;
    char bytes[300], back[300];
    void *memory, *empty, *pinned;
    memset(bytes, 'x', sizeof bytes);
    ASSERT_OK(device_alloc(sizeof bytes, &memory));
    ASSERT_OK(device_download(memory, sizeof back, back));
    for (size_t i = 0; i < sizeof back; i++)
        assert_int_equal(back[i], 0);
    ASSERT_OK(device_upload(bytes, sizeof bytes, memory));
    ASSERT_OK(device_download(memory, sizeof back, back));
    assert_memory_equal(bytes, back, sizeof back);
    assert_int_equal((uintptr_t)memory % 256, 0);
    ASSERT_OK(device_alloc(0, &empty));
    assert_non_null(empty);
    ASSERT_OK(device_pinned_alloc(0, &pinned));
    assert_non_null(pinned);
    device_free(memory);
    device_free(empty);
    device_pinned_free(pinned);
    assert_int_equal(device_alloc(SIZE_MAX - 8, &memory), STATUS_FAILED);
    assert_null(memory);
    assert_non_null(strstr(status_message(), "out of device memory"));
    assert_int_equal(status_reason(), REASON_MEMORY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_op_evaluate),
        cmocka_unit_test(test_keys_tell_shapes_apart),
        cmocka_unit_test(test_equal_shapes_share_a_plan),
        cmocka_unit_test(test_shapes_that_are_none),
        cmocka_unit_test(test_run_wants_what_was_built),
        cmocka_unit_test(test_memory),
    };
    return RUN_TESTS(tests);
}
