/* The CUDA backend's letterbox and attention: the one against letterbox_render, to the bit, the
 * other against sums in double. */
#include "cuda_kernels_rig.h"
#include "letterbox_render.h"
#include "unit.h"

/* A picture in a buffer that ends with it. */
static struct image noise_image(uint32_t width, uint32_t height, uint32_t seed) {
    size_t bytes = (size_t)width * height * 3;
    struct image image = {.pixels = malloc(bytes), .width = width, .height = height};
    assert_non_null(image.pixels);
    for (size_t i = 0; i < bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        image.pixels[i] = (uint8_t)(seed >> 24);
    }
    return image;
}

/* Pictures with the same shape of input, in one batch. */
static void check_letterbox(const struct setup *setup, const uint32_t sizes[][2], size_t n,
                            uint32_t imgsz, bool rect) {
    struct image images[4];
    struct kernel_picture pictures[4];
    float *planes[4];
    assert_true(n <= 4);
    for (size_t i = 0; i < n; i++) {
        images[i] = noise_image(sizes[i][0], sizes[i][1], (uint32_t)i);
        pictures[i].pixels = images[i].pixels;
        pictures[i].letterbox = letterbox_plan(sizes[i][0], sizes[i][1], imgsz, rect, 32);
    }
    size_t height = pictures[0].letterbox.net_height, width = pictures[0].letterbox.net_width;
    size_t cells = height * width;
    struct guarded dst = guarded_make(setup, n, setup->channels, height, width);
    ASSERT_OK(kernel_letterbox(pictures, &dst.map, NULL));
    for (size_t i = 0; i < n; i++) {
        planes[i] = calloc(cells * setup->channels, sizeof *planes[i]);
        assert_non_null(planes[i]);
        ASSERT_OK(letterbox_render(&images[i], &pictures[i].letterbox, planes[i]));
        round_planes(setup->element, planes[i], cells * 3);
        for (size_t k = 0; k < cells * setup->channels; k++) {
            size_t at = plane_index(&dst.map, i * cells * setup->channels + k);
            float actual = element_load(dst.map.data, dst.map.element, at);
            if (actual != planes[i][k])
                fail_msg("picture %zu of %ux%u: element %zu is %.9g; %.9g is expected", i,
                         sizes[i][0], sizes[i][1], k, (double)actual, (double)planes[i][k]);
        }
        free(planes[i]);
        free(images[i].pixels);
    }
    guarded_end(&dst);
}

static void test_letterbox(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{101, 77}, {1, 1}, {64, 64}, {30, 200}};
    static const uint32_t wide[][2] = {{640, 333}};
    static const struct setup setups[] = {
        {.element = ELEMENT_F32, .channels = 3},
        {.element = ELEMENT_F32, .channels = 4},
        {.element = ELEMENT_F16, .channels = 8},
        {.element = ELEMENT_F16, .channels = 8, .extra = 5, .offset = 3},
        {.element = ELEMENT_F32, .channels = 16, .extra = 16, .offset = 8},
        {.element = ELEMENT_F16, .channels = 3, .extra = 1},
    };
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) {
        check_letterbox(&setups[i], sizes, 4, 64, false);
        check_letterbox(&setups[i], sizes + 2, 2, 96, false);
        check_letterbox(&setups[i], wide, 1, 320, true);
        check_letterbox(&setups[i], wide, 1, 640, true);
    }
}

/* Each side's own ratio, down and up, so that every rounding of the positions is met. */
static void test_letterbox_sizes(void **state) {
    (void)state;
    static const struct setup setup = {.element = ELEMENT_F32, .channels = 3};
    for (uint32_t side = 1; side < 160; side += 3) {
        const uint32_t sizes[][2] = {{side, 160 - side}, {side, 7}, {5, side}};
        check_letterbox(&setup, sizes, 3, 64, false);
    }
}

static double qkv_value(const struct map *qkv, size_t cell, size_t channel) {
    return (double)element_load(qkv->data, qkv->element, cell * qkv->pitch + channel);
}

/* Two passes over the scores of one query. */
static void attend(const struct map *qkv, const struct attention *attention, size_t query,
                   size_t head, size_t first, size_t cells, double *out) {
    size_t channel = head * (2 * attention->key_dim + attention->head_dim);
    double *scores = malloc(cells * sizeof *scores), largest = -INFINITY, sum = 0.0;
    assert_non_null(scores);
    for (size_t j = 0; j < cells; j++) {
        scores[j] = 0.0;
        for (size_t c = 0; c < attention->key_dim; c++)
            scores[j] += qkv_value(qkv, query, channel + c) *
                         qkv_value(qkv, first + j, channel + attention->key_dim + c);
        scores[j] *= (double)attention->scale;
        largest = fmax(largest, scores[j]);
    }
    for (size_t j = 0; j < cells; j++)
        sum += scores[j] = exp(scores[j] - largest);
    for (size_t c = 0; c < attention->head_dim; c++) {
        out[c] = 0.0;
        for (size_t j = 0; j < cells; j++)
            out[c] +=
                scores[j] / sum * qkv_value(qkv, first + j, channel + 2 * attention->key_dim + c);
    }
    free(scores);
}

static void check_attention(const struct setup *setup, const struct attention *attention) {
    size_t n = setup->n, height = setup->height, width = setup->width, picture = height * width;
    size_t channels = attention->heads * (2 * attention->key_dim + attention->head_dim);
    size_t out_channels = attention->heads * attention->head_dim,
           cells = picture / attention->areas;
    float *planes = malloc(n * channels * picture * sizeof *planes);
    float *expected = malloc(n * out_channels * picture * sizeof *expected);
    double *out = malloc(attention->head_dim * sizeof *out);
    assert_true(planes && expected && out);
    fill_noise(planes, n * channels * picture, 6);
    round_planes(setup->element, planes, n * channels * picture);
    struct guarded qkv = guarded_fill(setup, planes, n, channels, height, width);
    struct guarded dst = guarded_make(setup, n, out_channels, height, width);
    for (size_t query = 0; query < n * picture; query++)
        for (size_t head = 0; head < attention->heads; head++) {
            attend(&qkv.map, attention, query, head, query / cells * cells, cells, out);
            for (size_t c = 0; c < attention->head_dim; c++)
                expected[((query / picture * attention->heads + head) * attention->head_dim + c) *
                             picture +
                         query % picture] = (float)out[c];
        }
    ASSERT_OK(kernel_attention(&qkv.map, attention, &dst.map, NULL));
    guarded_check(&dst, expected);
    guarded_end(&qkv);
    free(planes);
    free(expected);
    free(out);
}

static void check_attentions(const struct setup *setup) {
    static const struct attention shapes[] = {
        {1, 4, 8, 1, 0.5f}, {2, 3, 5, 1, 0.577f}, {2, 8, 16, 1, 0.354f}, {1, 32, 64, 1, 0.177f}};
    if (setup->channels != 1) /* attention has channels of its own */
        return;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct attention attention = shapes[i];
        check_attention(setup, &attention);
        attention.areas = setup->width; /* 1, 5, 13: runs of as many cells as there are rows */
        check_attention(setup, &attention);
    }
}

static void test_attention(void **state) {
    (void)state;
    for_all_setups(check_attentions);
}

/* Each of the sizes that are computed in ways of their own, over more cells than a block takes. */
static void test_attention_sizes(void **state) {
    (void)state;
    static const struct attention shapes[] = {{2, 32, 32, 1, 0.2f},  {1, 24, 48, 1, 0.2f},
                                              {1, 48, 40, 1, 0.15f}, {1, 64, 64, 1, 0.1f},
                                              {1, 72, 16, 1, 0.1f},  {1, 16, 80, 1, 0.25f}};
    for (size_t i = 0; i < 2 * sizeof shapes / sizeof *shapes; i++) {
        struct setup setup = {i % 2 ? ELEMENT_F16 : ELEMENT_F32, 1, 12, 12, 1, 0, 0};
        struct attention attention = shapes[i / 2];
        check_attention(&setup, &attention);
        attention.areas = 3;
        check_attention(&setup, &attention);
    }
}

/* Scores far beyond what exp can take. */
static void test_attention_large(void **state) {
    (void)state;
    struct setup setup = {ELEMENT_F32, 1, 3, 5, 1, 0, 0};
    struct attention attention = {1, 8, 8, 1, 40.0f};
    struct guarded qkv = guarded_make(&setup, 1, 24, 3, 5), dst = guarded_make(&setup, 1, 8, 3, 5);
    for (size_t i = 0; i < 15; i++)
        for (size_t c = 0; c < 24; c++)
            ((float *)qkv.map.data)[i * 24 + c] = c < 8 ? 1.0f : c < 16 ? (float)i : (float)(i * c);
    ASSERT_OK(kernel_attention(&qkv.map, &attention, &dst.map, NULL));
    for (size_t i = 0; i < 15 * 8; i++) /* the last cell has all the weight */
        assert_float_equal(((float *)dst.map.data)[i], (double)(14 * (16 + i % 8)), 1e-3);
    guarded_end(&dst);
    guarded_end(&qkv);
}

static void test_attention_areas(void **state) {
    (void)state;
    struct setup setup = {ELEMENT_F32, 1, 3, 5, 1, 0, 0};
    struct guarded qkv = guarded_make(&setup, 1, 24, 3, 5), dst = guarded_make(&setup, 1, 8, 3, 5);
    struct attention attention = {1, 8, 8, 4, 1.0f};
    assert_int_equal(kernel_attention(&qkv.map, &attention, &dst.map, NULL), STATUS_BAD_INPUT);
    assert_string_equal(status_message(), "attention over 4 areas of 15 cells");
    attention.areas = 0;
    assert_int_equal(kernel_attention(&qkv.map, &attention, &dst.map, NULL), STATUS_BAD_INPUT);
    guarded_end(&dst);
    guarded_end(&qkv);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letterbox),       cmocka_unit_test(test_letterbox_sizes),
        cmocka_unit_test(test_attention),       cmocka_unit_test(test_attention_sizes),
        cmocka_unit_test(test_attention_large), cmocka_unit_test(test_attention_areas),
    };
    return RUN_TESTS(tests);
}
