/* The CUDA backend's element-wise kernels, against op_evaluate. */
#include "cuda_kernels_rig.h"

#include "cuda/elements/channels.h"
#include "unit.h"

static struct epilogue epilogue_of(enum activation activation) {
    bool clip = activation == ACTIVATION_CLIP;
    return (struct epilogue){activation, clip ? -0.5f : 0.2f, clip ? 1.25f : 0.4f};
}

/* A depthwise 1x1 convolution with weights 1 is bias, activation and residual alone. */
static struct rig finish_rig(const struct setup *setup, const struct epilogue *epilogue, bool bias,
                             bool residual) {
    struct rig rig = rig_start(OP_CONV);
    struct shape shape = planes_shape(setup->n, setup->channels, setup->height, setup->width);
    int64_t channels = (int64_t)setup->channels;
    rig_noise(&rig, setup->element, shape, 1);
    float *weights = rig_input(&rig, DTYPE_F32, SHAPE(channels, 1, 1, 1));
    for (int64_t i = 0; i < channels; i++)
        weights[i] = 1.0f;
    if (bias)
        rig_noise(&rig, ELEMENT_F32, SHAPE(channels), 2);
    else
        rig.op.inputs[rig.op.n_inputs++] = -1;
    if (residual)
        rig_noise(&rig, setup->element, shape, 3);
    rig.op.window.group = channels;
    rig.op.activation = epilogue->activation;
    rig.op.alpha = epilogue->alpha;
    rig.op.beta = epilogue->beta;
    ASSERT_OK(rig_run(&rig));
    return rig;
}

static float *rig_data(const struct rig *rig, size_t input) {
    if (input >= rig->op.n_inputs || rig->op.inputs[input] < 0)
        return NULL;
    return rig->graph.tensors[rig->op.inputs[input]].data;
}

static void check_bias_activation(const struct setup *setup, enum activation activation, bool bias,
                                  bool residual, bool in_place) {
    struct epilogue epilogue = epilogue_of(activation);
    struct rig rig = finish_rig(setup, &epilogue, bias, residual);
    size_t n = setup->n, channels = setup->channels, height = setup->height, width = setup->width;
    struct guarded src = guarded_fill(setup, rig_data(&rig, 0), n, channels, height, width);
    struct guarded dst = guarded_result(setup, &rig), added = {0};
    if (residual)
        added = guarded_fill(setup, rig_data(&rig, 3), n, channels, height, width);
    ASSERT_OK(kernel_bias_activation(&src.map, rig_data(&rig, 2), residual ? &added.map : NULL,
                                     &epilogue, in_place ? &src.map : &dst.map, NULL));
    assert_planes(in_place ? &src.map : &dst.map, rig.out.data);
    guarded_end(&src);
    guarded_end(&dst);
    if (residual)
        guarded_end(&added);
    rig_end(&rig);
}

static void check_finishes(const struct setup *setup) {
    for (int i = 0; i < 8; i++)
        check_bias_activation(setup, ACTIVATION_SILU, i & 1, i & 2, i & 4);
}

static void test_bias_activation(void **state) {
    (void)state;
    for_all_setups(check_finishes);
}

static void check_activations(const struct setup *setup) {
    for (int i = ACTIVATION_NONE; i <= ACTIVATION_SOFTPLUS; i++)
        check_bias_activation(setup, (enum activation)i, true, true, false);
}

static void test_activations(void **state) {
    (void)state;
    for_all_setups(check_activations);
}

static void check_binary_of(const struct setup *setup, enum kernel_binary op, struct shape b,
                            bool in_place) {
    static const enum binary ops[] = {
        [KERNEL_ADD] = BINARY_ADD,
        [KERNEL_MUL] = BINARY_MUL,
        [KERNEL_SUB] = BINARY_SUB,
        [KERNEL_DIV] = BINARY_DIV,
    };
    struct rig rig = rig_start(OP_BINARY);
    size_t n = setup->n, channels = setup->channels, height = setup->height, width = setup->width;
    float *x = rig_noise(&rig, setup->element, planes_shape(n, channels, height, width), 1);
    float *y = rig_noise(&rig, setup->element, b, 2);
    for (int64_t i = 0; i < shape_elements(&b); i++) /* no division by nearly 0 */
        y[i] += y[i] < 0.0f ? -0.5f : 0.5f;
    round_planes(setup->element, y, (size_t)shape_elements(&b));
    rig.op.binary = ops[op];
    ASSERT_OK(rig_run(&rig));
    struct guarded left = guarded_fill(setup, x, n, channels, height, width);
    struct guarded right = guarded_fill(setup, y, (size_t)b.dims[0], (size_t)b.dims[1],
                                        (size_t)b.dims[2], (size_t)b.dims[3]);
    struct guarded dst = guarded_result(setup, &rig);
    ASSERT_OK(kernel_binary(op, &left.map, &right.map, in_place ? &left.map : &dst.map, NULL));
    assert_planes(in_place ? &left.map : &dst.map, rig.out.data);
    guarded_end(&left);
    guarded_end(&right);
    guarded_end(&dst);
    rig_end(&rig);
}

static void check_binary(const struct setup *setup) {
    size_t n = setup->n, channels = setup->channels, height = setup->height, width = setup->width;
    for (int op = KERNEL_ADD; op <= KERNEL_DIV; op++) {
        enum kernel_binary kernel = (enum kernel_binary)op;
        check_binary_of(setup, kernel, planes_shape(n, channels, height, width), false);
        check_binary_of(setup, kernel, planes_shape(n, channels, height, width), true);
        check_binary_of(setup, kernel, planes_shape(1, channels, 1, 1), false);
        check_binary_of(setup, kernel, planes_shape(1, 1, 1, 1), true);
        check_binary_of(setup, kernel, planes_shape(n, channels, 1, 1), false);
        check_binary_of(setup, kernel, planes_shape(1, 1, height, width), false);
        check_binary_of(setup, kernel, planes_shape(n, 1, 1, width), false);
    }
}

static void test_binary(void **state) {
    (void)state;
    for_all_setups(check_binary);
}

static void check_resize(const struct setup *setup) {
    static const float scales[][2] = {{2, 2}, {1, 3}, {1.5f, 2.75f}, {0.5f, 0.4f}, {1, 1}};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        struct rig rig = rig_start(OP_RESIZE);
        size_t n = setup->n, channels = setup->channels, height = setup->height;
        float *x =
            rig_noise(&rig, setup->element, planes_shape(n, channels, height, setup->width), 5);
        memcpy(rig.op.scale, scales[i], sizeof scales[i]);
        if (rig_run(&rig) == STATUS_OK) {
            struct guarded src = guarded_fill(setup, x, n, channels, height, setup->width);
            struct guarded dst = guarded_result(setup, &rig);
            ASSERT_OK(kernel_resize(&src.map, scales[i], &dst.map, NULL));
            guarded_check(&dst, rig.out.data);
            guarded_end(&src);
        } else {
            assert_true(height == 1); /* less than one row is left */
        }
        rig_end(&rig);
    }
}

static void test_resize(void **state) {
    (void)state;
    for_all_setups(check_resize);
}

/* A result larger than the scale makes it repeats the last row and column. */
static void test_resize_edge(void **state) {
    (void)state;
    struct setup setup = {ELEMENT_F32, 1, 2, 2, 1, 0, 0};
    struct guarded src = guarded_fill(&setup, FLOATS(1, 2, 3, 4), 1, 1, 2, 2);
    struct guarded dst = guarded_make(&setup, 1, 1, 3, 4);
    ASSERT_OK(kernel_resize(&src.map, FLOATS(1, 1), &dst.map, NULL));
    guarded_check(&dst, FLOATS(1, 2, 2, 2, 3, 4, 4, 4, 3, 4, 4, 4));
    guarded_end(&src);
}

static void check_pad(const struct setup *setup) {
    static const int64_t pads[][4] = {{0, 0, 0, 0}, {1, 2, 3, 1}, {0, 0, 1, 1}, {2, -1, -1, 1}};
    for (size_t i = 0; i < sizeof pads / sizeof *pads; i++) {
        struct rig rig = rig_start(OP_PAD);
        size_t n = setup->n, channels = setup->channels, height = setup->height;
        float *x =
            rig_noise(&rig, setup->element, planes_shape(n, channels, height, setup->width), 5);
        for (size_t k = 0; k < 2; k++) {
            rig.op.pads[2 + k] = pads[i][k];
            rig.op.pads[6 + k] = pads[i][2 + k];
        }
        rig.op.pad_value = -1.5f;
        if (rig_run(&rig) == STATUS_OK) {
            struct guarded src = guarded_fill(setup, x, n, channels, height, setup->width);
            struct guarded dst = guarded_result(setup, &rig);
            ASSERT_OK(kernel_pad(&src.map, pads[i][0], pads[i][1], -1.5f, &dst.map, NULL));
            guarded_check(&dst, rig.out.data);
            guarded_end(&src);
        } else {
            assert_true(setup->width == 1); /* more is cut off than there is */
        }
        rig_end(&rig);
    }
}

static void test_pad(void **state) {
    (void)state;
    for_all_setups(check_pad);
}

/* To both element types and to each place in a buffer. */
static void check_copy(const struct setup *setup) {
    static const size_t places[][2] = {{0, 0}, {8, 0}, {3, 2}};
    size_t n = setup->n, channels = setup->channels, height = setup->height, width = setup->width;
    size_t elements = n * channels * height * width;
    float *planes = malloc(elements * sizeof *planes);
    assert_non_null(planes);
    fill_noise(planes, elements, 9);
    round_planes(setup->element, planes, elements);
    for (size_t i = 0; i < 6; i++) {
        struct setup to = *setup;
        to.element = i < 3 ? ELEMENT_F32 : ELEMENT_F16;
        to.extra = places[i % 3][0];
        to.offset = places[i % 3][1];
        struct guarded src = guarded_fill(setup, planes, n, channels, height, width);
        struct guarded dst = guarded_make(&to, n, channels, height, width);
        ASSERT_OK(kernel_copy(&src.map, &dst.map, NULL));
        if (to.element == setup->element)
            for (size_t k = 0; k < elements; k++)
                assert_true(element_load(dst.map.data, to.element, plane_index(&dst.map, k)) ==
                            planes[k]);
        guarded_check(&dst, planes);
        guarded_end(&src);
    }
    free(planes);
}

static void test_copy(void **state) {
    (void)state;
    for_all_setups(check_copy);
}

static void check_gather_of(const struct setup *setup, size_t first, size_t run, size_t step,
                            size_t runs) {
    struct setup small = *setup;
    size_t channels = first + (runs - 1) * step + run, n = setup->n;
    size_t cells = setup->height * setup->width;
    float *planes = malloc(n * channels * cells * sizeof *planes);
    float *expected = malloc(n * runs * run * cells * sizeof *expected);
    assert_true(planes && expected);
    fill_noise(planes, n * channels * cells, 4);
    round_planes(setup->element, planes, n * channels * cells);
    float *to = expected;
    for (size_t picture = 0; picture < n; picture++)
        for (size_t i = 0; i < runs; i++, to += run * cells)
            memcpy(to, planes + (picture * channels + first + i * step) * cells,
                   run * cells * sizeof *to);
    /* A source pitch that allows eight lanes where the runs do. */
    small.extra = setup->extra % 8 ? setup->extra : (8 - channels % 8) % 8 + setup->extra;
    struct guarded src = guarded_fill(&small, planes, n, channels, setup->height, setup->width);
    struct guarded dst = guarded_make(setup, n, runs * run, setup->height, setup->width);
    ASSERT_OK(kernel_gather_channels(&src.map, first, run, step, &dst.map, NULL));
    guarded_check(&dst, expected);
    guarded_end(&src);
    free(planes);
    free(expected);
}

static void check_gather(const struct setup *setup) {
    check_gather_of(setup, 0, 1, 2, 5);
    check_gather_of(setup, 8, 8, 24, 3);
    check_gather_of(setup, 16, 16, 32, 2);
    check_gather_of(setup, 4, 8, 16, 3);
    check_gather_of(setup, 0, 4, 8, 6);
    check_gather_of(setup, 3, 20, 0, 1);
}

static void test_gather(void **state) {
    (void)state;
    for_all_setups(check_gather);
}

/* The setups would prove nothing about eight lanes if these were never chosen. */
static void test_lanes(void **state) {
    (void)state;
    struct setup aligned = {.element = ELEMENT_F16, .extra = 16, .offset = 8};
    struct guarded map = guarded_make(&aligned, 1, 24, 3, 5);
    assert_int_equal(lanes_of_map(&map.map), LANES);
    map.map.data = (char *)map.map.data + 2;
    assert_int_equal(lanes_of_map(&map.map), 1);
    map.map.data = (char *)map.map.data - 2;
    map.map.channels = 20;
    assert_int_equal(lanes_of_map(&map.map), 1);
    map.map.channels = 24;
    map.map.pitch = 36;
    assert_int_equal(lanes_of_map(&map.map), 1);
    map.map.pitch = 40;
    struct gather gather = {map.map, map.map, 8, 8, 16};
    assert_int_equal(gather_lanes(&gather), LANES);
    gather.first = 4;
    assert_int_equal(gather_lanes(&gather), 1);
    gather.first = 8;
    gather.run = 12;
    assert_int_equal(gather_lanes(&gather), 1);
    guarded_end(&map);
}

/* Fp16's edges. */
static void test_elements(void **state) {
    (void)state;
    static const float values[][2] = {
        {65504.0f, 65504.0f},
        {65536.0f, INFINITY},
        {-1e30f, -INFINITY},
        {0x1p-24f, 0x1p-24f},
        {0x1p-26f, 0.0f},
        {1.0f + 0x1p-11f, 1.0f},
        {1.0f + 0x1.8p-10f, 1.0f + 0x1p-9f},
    };
    _Float16 half;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        element_store(&half, ELEMENT_F16, 0, values[i][0]);
        assert_true(element_load(&half, ELEMENT_F16, 0) == values[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bias_activation),
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_resize_edge),
        cmocka_unit_test(test_pad),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_lanes),
        cmocka_unit_test(test_elements),
    };
    return RUN_TESTS(tests);
}
