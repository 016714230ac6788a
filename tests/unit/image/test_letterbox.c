/* The letterbox: Ultralytics' geometry, OpenCV's levels, and one arithmetic for C and CUDA. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/letterbox_sample.h"
#include "image_files.h"
#include "letterbox_render.h"
#include "unit.h"

/* The pictures of tests/data/make_images.py. */
static struct image noise(uint32_t width, uint32_t height) {
    struct image image = {0};
    assert_int_equal(image_resize_buffer(&image, width, height), STATUS_OK);
    for (uint32_t i = 0; i < width * height * 3; i++) {
        uint32_t value = i * 2654435761u;
        value ^= value >> 15;
        image.pixels[i] = (uint8_t)((value * 2246822519u) >> 24);
    }
    return image;
}

/* The input's level of a sample, after a check that it stands there as level / 255. */
static uint8_t level_of(float sample) {
    uint8_t level = (uint8_t)lrintf(sample * 255.0f);
    if (sample != (float)level / 255.0f)
        fail_msg("%.9g is not %d / 255", (double)sample, level);
    return level;
}

static uint64_t checksum(const float *planes, size_t count) {
    uint64_t value = 0xCBF29CE484222325u;
    for (size_t i = 0; i < count; i++)
        value = (value ^ level_of(planes[i])) * 0x100000001B3u;
    return value;
}

/* Each sample by the function that CUDA uses. */
static void assert_samples(const struct image *image, const struct letterbox *box,
                           const float *planes) {
    for (int32_t channel = 0; channel < 3; channel++) {
        for (int32_t y = 0; y < (int32_t)box->net_height; y++) {
            for (int32_t x = 0; x < (int32_t)box->net_width; x++, planes++) {
                float sample = letterbox_sample(image->pixels, box, channel, y, x);
                if (sample != *planes)
                    fail_msg("%u x %u at %d, %d, %d: %.9g and %.9g", image->width, image->height,
                             channel, y, x, (double)sample, (double)*planes);
            }
        }
    }
}

/* One line of letterbox.txt (see make_images.py). */
struct reference {
    uint32_t width, height, size, rect, stride;
    uint32_t net_width, net_height, scaled_width, scaled_height, left, top;
    uint64_t checksum;
};

static void check_case(const struct reference *wanted) {
    struct letterbox box = letterbox_plan(wanted->width, wanted->height, wanted->size,
                                          wanted->rect != 0, wanted->stride);
    assert_int_equal(box.image_width, wanted->width);
    assert_int_equal(box.image_height, wanted->height);
    assert_int_equal(box.net_width, wanted->net_width);
    assert_int_equal(box.net_height, wanted->net_height);
    assert_int_equal(box.width, wanted->scaled_width);
    assert_int_equal(box.height, wanted->scaled_height);
    assert_int_equal(box.left, wanted->left);
    assert_int_equal(box.top, wanted->top);
    assert_float_equal(box.gain_x, (double)box.width / wanted->width, 1e-6);
    assert_float_equal(box.gain_y, (double)box.height / wanted->height, 1e-6);

    size_t count = (size_t)3 * box.net_width * box.net_height;
    float *planes = malloc(count * sizeof *planes);
    assert_non_null(planes);
    struct image image = noise(wanted->width, wanted->height);
    assert_int_equal(letterbox_render(&image, &box, planes), STATUS_OK);
    assert_samples(&image, &box, planes);
    if (checksum(planes, count) != wanted->checksum)
        fail_msg("%u x %u into %u: other levels than OpenCV's", wanted->width, wanted->height,
                 wanted->size);
    image_free(&image);
    free(planes);
}

static void test_references(void **state) {
    (void)state;
    FILE *file = fopen("tests/data/images/letterbox.txt", "r");
    assert_non_null(file);
    struct reference r;
    int cases = 0;
    while (fscanf(file,
                  "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32
                  "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNx64,
                  &r.width, &r.height, &r.size, &r.rect, &r.stride, &r.net_width, &r.net_height,
                  &r.scaled_width, &r.scaled_height, &r.left, &r.top, &r.checksum) == 12) {
        check_case(&r);
        cases++;
    }
    fclose(file);
    assert_int_equal(cases, 20);
}

/* Halves go to the even side, the odd padding pixel goes right and below. */
static void test_plan(void **state) {
    (void)state;
    struct letterbox box = letterbox_plan(1280, 5, 640, false, 32); /* 5 / 2 = 2.5 */
    assert_int_equal(box.height, 2);
    assert_int_equal(box.top, 319);
    box = letterbox_plan(1280, 7, 640, false, 32); /* 3.5 */
    assert_int_equal(box.height, 4);
    assert_float_equal(box.gain, 0.5, 0);
    assert_float_equal(box.gain_y, 4.0 / 7.0, 1e-7);
    box = letterbox_plan(640, 427, 640, false, 32); /* 213 rows of padding */
    assert_int_equal(box.top, 106);
    box = letterbox_plan(640, 480, 640, true, 32);
    assert_int_equal(box.net_width, 640);
    assert_int_equal(box.net_height, 480);
    assert_int_equal(box.top, 0);
    box = letterbox_plan(640, 427, 640, true, 32);
    assert_int_equal(box.net_height, 448);
    assert_int_equal(box.top, 10);
    box = letterbox_plan(1, 100000, 640, true, 32); /* a scaled side is never empty */
    assert_int_equal(box.width, 1);
    assert_int_equal(box.net_width, 32);
    assert_int_equal(box.left, 15);
}

/* Inputs that are not square, and YOLOX's place in the corner, with sides that are cut. */
static void test_frames(void **state) {
    (void)state;
    struct letterbox_frame frame = {.width = 640, .height = 384, .stride = 32};
    struct letterbox box = letterbox_within(1280, 720, &frame);
    assert_int_equal(box.net_width, 640);
    assert_int_equal(box.net_height, 384);
    assert_int_equal(box.width, 640);
    assert_int_equal(box.height, 360);
    assert_int_equal(box.top, 12);
    box = letterbox_within(720, 1280, &frame);
    assert_int_equal(box.net_width, 640);
    assert_int_equal(box.net_height, 384);
    assert_int_equal(box.width, 216);
    assert_int_equal(box.left, 212);
    frame = (struct letterbox_frame){.width = 416, .height = 416, .stride = 32, .corner = true};
    box = letterbox_within(640, 427, &frame); /* 277.55 rows */
    assert_int_equal(box.width, 416);
    assert_int_equal(box.height, 277);
    assert_int_equal(box.net_height, 416);
    assert_int_equal(box.left, 0);
    assert_int_equal(box.top, 0);
    assert_float_equal(box.gain_y, 277.0 / 427.0, 1e-7);
    box = letterbox_within(1, 100000, &frame);
    assert_int_equal(box.width, 1);
}

/* Nothing is left over or overlaps, whatever the size. */
static void test_plan_sums(void **state) {
    (void)state;
    for (uint32_t i = 1; i < 3000; i++) {
        uint32_t width = i * 7 % 2111 + 1, height = i * 13 % 1777 + 1;
        for (int rect = 0; rect < 2; rect++) {
            struct letterbox box = letterbox_plan(width, height, 640, rect, 32);
            assert_true(box.width >= 1 && box.height >= 1);
            assert_true(box.left + box.width <= box.net_width);
            assert_true(box.top + box.height <= box.net_height);
            assert_true(box.width == 640 || box.height == 640);
            if (rect) {
                assert_int_equal(box.net_width % 32, 0);
                assert_int_equal(box.net_height % 32, 0);
                assert_true(box.net_width - box.width < 32 && box.net_height - box.height < 32);
            } else {
                assert_int_equal(box.net_width, 640);
                assert_int_equal(box.net_height, 640);
            }
        }
    }
}

/* Over what an earlier picture left comes out what a fresh input would hold; and its units. */
static void test_levels(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{96, 40}, {40, 96}, {96, 96}, {50, 96}, {40, 96}, {96, 3},
                                        {33, 70}, {1, 96},  {96, 40}, {50, 47}, {47, 50}, {64, 32}};
    enum { SIZE = 96, COUNT = 3 * SIZE * SIZE };
    for (int rect = 0; rect < 2; rect++) {
        struct letterbox before = {0};
        uint8_t over[COUNT], fresh[COUNT];
        float units[COUNT];
        memset(over, 0xff, sizeof over);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct image image = noise(sizes[i][0], sizes[i][1]);
            struct letterbox box = letterbox_plan(image.width, image.height, SIZE, rect, 32);
            size_t count = (size_t)3 * box.net_width * box.net_height;
            assert_int_equal(letterbox_levels(&image, &box, &(struct letterbox){0}, fresh),
                             STATUS_OK);
            assert_int_equal(letterbox_levels(&image, &box, &before, over), STATUS_OK);
            assert_memory_equal(over, fresh, count * sizeof *over);
            assert_int_equal(letterbox_render(&image, &box, units), STATUS_OK);
            for (size_t k = 0; k < count; k++)
                assert_int_equal(level_of(units[k]), over[k]);
            before = box;
            image_free(&image);
        }
    }
}

/* level / 255 to the bit, with and without fused multiply-add (as CUDA compiles it). */
/* Pixels that are fewer than the picture's lie where all of them would. */
static void test_reduced(void **state) {
    (void)state;
    enum { SIZE = 32, COUNT = 3 * SIZE * SIZE };
    const struct letterbox none = {0};
    struct image image = noise(40, 24);
    struct letterbox box = letterbox_plan(4 * image.width, 4 * image.height, SIZE, false, 32);
    struct letterbox own = letterbox_plan(image.width, image.height, SIZE, false, 32);
    uint8_t levels[COUNT], expected[COUNT];
    assert_int_equal(letterbox_levels(&image, &box, &none, levels), STATUS_OK);
    assert_int_equal(letterbox_levels(&image, &own, &none, expected), STATUS_OK);
    assert_memory_equal(levels, expected, COUNT);
    image_free(&image);
}

static void test_unit(void **state) {
    (void)state;
    for (int level = 0; level < 256; level++) {
        float expected = (float)level / 255.0f, value = (float)level;
        assert_true(letterbox_unit(level) == expected);
        assert_true(fmaf(value, 0x1.0101p-8f, value * 0x1.010102p-32f) == expected);
        assert_true(fmaf(value, 0x1.010102p-32f, value * 0x1.0101p-8f) == expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references), cmocka_unit_test(test_plan),
        cmocka_unit_test(test_frames),     cmocka_unit_test(test_plan_sums),
        cmocka_unit_test(test_levels),     cmocka_unit_test(test_reduced),
        cmocka_unit_test(test_unit)};
    return RUN_TESTS(tests);
}
