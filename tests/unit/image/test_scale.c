/* Parts of pictures, scaled: read no more than is needed, show what is there, and become a JPEG. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_files.h"
#include "unit.h"

enum { SIDE = 8 };

/* Levels that rise to the right and downwards. */
static void fill(struct image *image, uint32_t width, uint32_t height) {
    assert_int_equal(image_resize_buffer(image, width, height), STATUS_OK);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            for (uint32_t c = 0; c < 3; c++)
                image->pixels[(y * width + x) * 3 + c] = (uint8_t)(4 * x + 2 * y + c);
}

static void scale(const struct image *image, struct image_area area, uint32_t width,
                  uint32_t height, uint8_t *out) {
    struct image_view view = {out, width, height, (size_t)width * 3};
    assert_int_equal(image_scale(image, &area, &view), STATUS_OK);
}

static const struct image_area all = {0, 0, 1, 1};

static void test_same_size(void **state) {
    (void)state;
    struct image image = {0};
    uint8_t out[SIDE * SIDE * 3];
    fill(&image, SIDE, SIDE);
    scale(&image, all, SIDE, SIDE, out);
    assert_memory_equal(out, image.pixels, sizeof out);
    scale(&image, (struct image_area){.25, .5, .5, .75}, 2, 2, out);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(out[i * 3], 4 * (2 + i % 2) + 2 * (4 + i / 2));
    image_free(&image);
}

/* Twice, or half, as large: on a slope each pixel is what the slope has at its place. */
static void test_slope(void **state) {
    (void)state;
    struct image image = {0};
    uint8_t out[32 * 32 * 3];
    fill(&image, 16, 16);
    for (uint32_t side = 8; side <= 32; side *= 4) {
        scale(&image, all, side, side, out);
        for (uint32_t y = side / 8; y < side - side / 8; y++)
            for (uint32_t x = side / 8; x < side - side / 8; x++) {
                double wanted = 4 * ((x + .5) * 16 / side - .5) + 2 * ((y + .5) * 16 / side - .5);
                assert_true(fabs(out[(y * side + x) * 3] - wanted) <= 1.01);
            }
    }
    image_free(&image);
}

/* One level stays that level, whatever the area, from a fraction of a pixel on. */
static void test_flat(void **state) {
    (void)state;
    struct image image = {0};
    uint8_t out[13 * 7 * 3];
    assert_int_equal(image_resize_buffer(&image, 29, 17), STATUS_OK);
    memset(image.pixels, 201, 29 * 17 * 3);
    for (int i = 1; i <= 40; i++) {
        double part = 0.9995 / i;
        struct image_area area = {1 - part, (1 - part) / 2, 1, (1 + part) / 2};
        memset(out, 0, sizeof out);
        scale(&image, area, 13, 7, out);
        for (size_t k = 0; k < sizeof out; k++)
            assert_int_equal(out[k], 201);
    }
    image_free(&image);
}

/* What lies outside of the area changes nothing. */
static void test_outside(void **state) {
    (void)state;
    struct image image = {0};
    uint8_t out[5 * 9 * 3], again[sizeof out];
    struct image_area area = {.25, .25, .75, .75};
    fill(&image, 40, 40);
    scale(&image, area, 5, 9, out);
    for (uint32_t y = 0; y < 40; y++)
        for (uint32_t x = 0; x < 40; x++)
            if (x < 10 || x >= 30 || y < 10 || y >= 30)
                memset(image.pixels + (y * 40 + x) * 3, 255, 3);
    scale(&image, area, 5, 9, again);
    assert_memory_equal(out, again, sizeof out);
    image_free(&image);
}

/* A sheet whose rows are longer than the view. */
static void test_view(void **state) {
    (void)state;
    struct image image = {0}, read = {0};
    uint8_t sheet[16 * 32 * 3];
    struct text file = {0};
    memset(sheet, 128, sizeof sheet);
    fill(&image, SIDE, SIDE);
    struct image_view view = {sheet + 16 * 3, 16, 16, 32 * 3}, whole = {sheet, 32, 16, 32 * 3};
    assert_int_equal(image_scale(&image, &all, &view), STATUS_OK);
    for (size_t y = 0; y < 16; y++)
        for (size_t i = 0; i < 16 * 3; i++)
            assert_int_equal(sheet[y * 32 * 3 + i], 128);
    assert_int_equal(image_write_jpeg(&whole, 75, &file), STATUS_OK);
    assert_int_equal(jpeg_decode((const uint8_t *)file.data, file.length, &read), STATUS_OK);
    assert_int_equal(read.width, 32);
    assert_int_equal(read.height, 16);
    assert_true(largest_difference(read.pixels, sheet, sizeof sheet) < 40);
    text_free(&file);
    image_free(&image);
    image_free(&read);
}

/* A JPEG read in part: smaller, and no further than is needed, with the same pixels so far. */
static void test_read_part(void **state) {
    (void)state;
    struct image whole = {0}, part = {0};
    const char *path = "tests/data/images/baseline.jpg";
    for (uint32_t reduce = 1; reduce <= 8; reduce *= 2) {
        struct image_part wanted = {.reduce = reduce};
        assert_int_equal(image_read_part(path, &wanted, &whole), STATUS_OK);
        assert_int_equal(whole.width, (PICTURE_WIDTH + reduce - 1) / reduce);
        assert_int_equal(whole.height, (PICTURE_HEIGHT + reduce - 1) / reduce);
        wanted.bottom = 0.4;
        assert_int_equal(image_read_part(path, &wanted, &part), STATUS_OK);
        assert_int_equal(part.height, whole.height);
        size_t rows = (size_t)ceil(0.4 * whole.height);
        assert_memory_equal(part.pixels, whole.pixels, rows * whole.width * 3);
    }
    assert_int_equal(image_read(path, &part), STATUS_OK);
    assert_int_equal(part.width, PICTURE_WIDTH);
    image_free(&whole);
    image_free(&part);
}

/* Writes baseline.jpg with this orientation. */
static void make_turned(const char *path, uint8_t orientation) {
    uint8_t exif[] = "\xFF\xE1\0\x22"
                     "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0";
    exif[sizeof exif - 7] = orientation;
    size_t length;
    uint8_t *bytes = image_file("baseline.jpg", &length), *turned = malloc(length + sizeof exif);
    assert_non_null(turned);
    memcpy(turned, bytes, 2);
    memcpy(turned + 2, exif, sizeof exif - 1);
    memcpy(turned + 2 + sizeof exif - 1, bytes + 2, length - 2);
    file_make_bytes(path, turned, length + sizeof exif - 1);
    free(bytes);
    free(turned);
}

/* Of one that is upright only once it is turned all rows are read. */
static void test_read_part_turned(void **state) {
    (void)state;
    struct image whole = {0}, part = {0};
    struct image_part wanted = {.reduce = 1, .bottom = 0.3};
    char *folder = temp_folder_make(NULL);
    const char *path = below(folder, "turned.jpg");
    make_turned(path, 3);
    assert_int_equal(image_read(path, &whole), STATUS_OK);
    assert_int_equal(whole.orientation, 3);
    assert_int_equal(image_read_part(path, &wanted, &part), STATUS_OK);
    assert_memory_equal(part.pixels, whole.pixels, (size_t)whole.width * whole.height * 3);
    image_free(&whole);
    image_free(&part);
    temp_folder_remove(folder);
}

/* What is to fit into a frame has as many pixels as it has there, or more; its own size is known.
 */
static void test_read_within(void **state) {
    (void)state;
    static const struct {
        uint8_t orientation;
        uint32_t width, height, reduce;
    } cases[] = {
        {1, 37, 37, 1}, {1, 19, 19, 1}, {1, 18, 18, 2}, {1, 18, 10, 2}, {1, 37, 10, 2},
        {1, 9, 9, 4},   {1, 9, 100, 4}, {1, 4, 4, 8},   {1, 1, 1, 8},   {1, 100, 100, 1},
        {6, 10, 18, 2}, {6, 18, 10, 2}, {6, 10, 37, 2}, {6, 37, 10, 2}, {6, 37, 19, 1},
    };
    struct image whole = {0}, image = {0};
    char *folder = temp_folder_make(NULL);
    const char *path = below(folder, "turned.jpg");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool turned = cases[i].orientation >= 5;
        make_turned(path, cases[i].orientation);
        struct image_part within = {.within_width = cases[i].width,
                                    .within_height = cases[i].height};
        struct image_part reduced = {.reduce = cases[i].reduce};
        assert_int_equal(image_read_part(path, &within, &image), STATUS_OK);
        assert_int_equal(image_read_part(path, &reduced, &whole), STATUS_OK);
        assert_int_equal(image.width, whole.width);
        assert_int_equal(image.height, whole.height);
        assert_memory_equal(image.pixels, whole.pixels, (size_t)whole.width * whole.height * 3);
        assert_int_equal(image.whole_width, turned ? PICTURE_HEIGHT : PICTURE_WIDTH);
        assert_int_equal(image.whole_height, turned ? PICTURE_WIDTH : PICTURE_HEIGHT);
    }
    const struct image_part small = {.within_width = 4, .within_height = 4};
    assert_int_equal(image_read_part("tests/data/images/rgb8.png", &small, &image), STATUS_OK);
    assert_int_equal(image.width, image.whole_width);
    image_free(&whole);
    image_free(&image);
    temp_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_size),
                                       cmocka_unit_test(test_slope),
                                       cmocka_unit_test(test_flat),
                                       cmocka_unit_test(test_outside),
                                       cmocka_unit_test(test_view),
                                       cmocka_unit_test(test_read_part),
                                       cmocka_unit_test(test_read_part_turned),
                                       cmocka_unit_test(test_read_within)};
    return RUN_TESTS(tests);
}
