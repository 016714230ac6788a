/* EXIF orientation: found in JPEG and PNG, never read out of bounds, and turned the right way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_files.h"
#include "unit.h"

struct bytes {
    uint8_t data[512];
    size_t length;
};

static void put(struct bytes *out, const void *data, size_t length) {
    assert_true(out->length + length <= sizeof out->data);
    memcpy(out->data + out->length, data, length);
    out->length += length;
}

static void put_number(struct bytes *out, uint32_t value, int size, bool big) {
    for (int i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * (big ? size - 1 - i : i));
        put(out, &byte, 1);
    }
}

static void put_entry(struct bytes *out, uint32_t tag, uint32_t value, bool big) {
    put_number(out, tag, 2, big);
    put_number(out, 3, 2, big); /* SHORT */
    put_number(out, 1, 4, big);
    put_number(out, value, 2, big);
    put_number(out, 0, 2, big);
}

/* A TIFF whose first directory claims `count` entries; they follow. */
static struct bytes tiff_head(bool big, uint32_t directory, uint32_t count) {
    struct bytes tiff = {0};
    put(&tiff, big ? "MM\0*" : "II*\0", 4);
    put_number(&tiff, directory, 4, big);
    put_number(&tiff, count, 2, big);
    return tiff;
}

static struct bytes tiff_with(uint32_t orientation, bool big) {
    struct bytes tiff = tiff_head(big, 8, 2);
    put_entry(&tiff, 0x0100, 640, big);
    put_entry(&tiff, 0x0112, orientation, big);
    put_number(&tiff, 0, 4, big);
    return tiff;
}

static void put_segment(struct bytes *out, uint8_t marker, const char *head, size_t head_length,
                        const struct bytes *tiff) {
    put(out, (uint8_t[]){0xFF, marker}, 2);
    put_number(out, (uint32_t)(2 + head_length + (tiff ? tiff->length : 0)), 2, true);
    put(out, head, head_length);
    if (tiff)
        put(out, tiff->data, tiff->length);
}

static struct bytes jpeg_of(const struct bytes *tiff) {
    struct bytes file = {0};
    put(&file, "\xFF\xD8", 2);
    put_segment(&file, 0xE0, "JFIF", 5, NULL);
    put_segment(&file, 0xE1, "http://ns.adobe.com/xap/1.0/", 29, NULL);
    put_segment(&file, 0xE1, "Exif\0", 6, tiff);
    put(&file, "\xFF\xD9", 2);
    return file;
}

static struct bytes png_of(const struct bytes *tiff) {
    struct bytes file = {0};
    put(&file, "\x89PNG\r\n\x1a\n", 8);
    put_number(&file, 0, 4, true);
    put(&file, "tEXt\0\0\0\0", 8);
    put_number(&file, (uint32_t)tiff->length, 4, true);
    put(&file, "eXIf", 4);
    put(&file, tiff->data, tiff->length);
    put(&file, "\0\0\0\0", 4);
    return file;
}

/* From an exact copy on the heap, so that a sanitizer sees a read past the end. */
static int orientation_of(const uint8_t *bytes, size_t length) {
    uint8_t *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    int orientation = exif_orientation(copy, length);
    free(copy);
    return orientation;
}

static int jpeg_orientation(const struct bytes *tiff) {
    struct bytes file = jpeg_of(tiff);
    return orientation_of(file.data, file.length);
}

static void test_orientations(void **state) {
    (void)state;
    for (uint32_t value = 0; value <= 300; value++) {
        int expected = value >= 1 && value <= 8 ? (int)value : 1;
        for (int big = 0; big < 2; big++) {
            struct bytes tiff = tiff_with(value, big), png = png_of(&tiff);
            assert_int_equal(jpeg_orientation(&tiff), expected);
            assert_int_equal(orientation_of(png.data, png.length), expected);
        }
    }
}

static void test_first_counts(void **state) {
    (void)state;
    struct bytes six = tiff_with(6, true), three = tiff_with(3, false), file = {0};
    put(&file, "\xFF\xD8\xFF", 3); /* a fill byte */
    put_segment(&file, 0xE1, "Exif\0", 6, &six);
    put_segment(&file, 0xE1, "Exif\0", 6, &three);
    assert_int_equal(orientation_of(file.data, file.length), 6);

    struct bytes two = tiff_head(false, 8, 2);
    put_entry(&two, 0x0112, 5, false);
    put_entry(&two, 0x0112, 7, false);
    assert_int_equal(jpeg_orientation(&two), 5);

    struct bytes late = {0}; /* what follows the start of a scan is pixels */
    put(&late, "\xFF\xD8", 2);
    put_segment(&late, 0xDA, "", 0, NULL);
    put_segment(&late, 0xE1, "Exif\0", 6, &six);
    assert_int_equal(orientation_of(late.data, late.length), 1);
}

static void test_malformed(void **state) {
    (void)state;
    struct bytes tiff = tiff_head(false, 0xFFFFFFF0, 1); /* a directory out of range */
    put_entry(&tiff, 0x0112, 6, false);
    assert_int_equal(jpeg_orientation(&tiff), 1);
    tiff = tiff_head(true, 8, 0); /* no entries */
    put_entry(&tiff, 0x0112, 6, true);
    assert_int_equal(jpeg_orientation(&tiff), 1);
    tiff = tiff_head(true, 8, 0xFFFF); /* fewer entries than claimed */
    put_entry(&tiff, 0x0100, 6, true);
    assert_int_equal(jpeg_orientation(&tiff), 1);
    put_entry(&tiff, 0x0112, 6, true);
    assert_int_equal(jpeg_orientation(&tiff), 6);
    tiff = tiff_with(6, false);
    tiff.data[2] = 43; /* not a TIFF */
    assert_int_equal(jpeg_orientation(&tiff), 1);

    assert_int_equal(orientation_of((const uint8_t *)"", 0), 1);
    assert_int_equal(orientation_of((const uint8_t *)"\xFF\xD8", 2), 1);
    assert_int_equal(orientation_of((const uint8_t *)"\xFF\xD8\xFF\xE1\0\0", 6), 1);
    assert_int_equal(orientation_of((const uint8_t *)"\x89PNG\r\n\x1a\n\xFF\xFF\xFF\xFF"
                                                     "eXIf",
                                    16),
                     1);
}

/* Cut anywhere, the orientation is found as long as it is there, or there is none. */
static void test_cut(void **state) {
    (void)state;
    struct bytes tiff = tiff_with(6, true);
    for (size_t n = 0; n <= tiff.length; n++) {
        struct bytes cut = tiff;
        cut.length = n;
        /* The last entry's value is 6 bytes before the end, its padding counted. */
        assert_int_equal(jpeg_orientation(&cut), n >= tiff.length - 6 ? 6 : 1);
    }
    struct bytes files[2] = {jpeg_of(&tiff), png_of(&tiff)};
    for (int i = 0; i < 2; i++) {
        for (size_t n = 0; n <= files[i].length; n++) {
            int orientation = orientation_of(files[i].data, n);
            assert_true(orientation == 1 || (orientation == 6 && n + 4 >= files[i].length));
        }
    }
}

static void test_random_changes(void **state) {
    (void)state;
    struct bytes tiff = tiff_with(6, true);
    struct bytes files[2] = {jpeg_of(&tiff), png_of(&tiff)};
    uint32_t random = 7;
    for (int round = 0; round < 20000; round++) {
        struct bytes file = files[round & 1];
        for (int i = 0; i < 3; i++) {
            random = random * 1664525 + 1013904223;
            file.data[(random >> 16) % file.length] = (uint8_t)(random >> 8);
        }
        int orientation = orientation_of(file.data, file.length);
        assert_in_range(orientation, 1, 8);
    }
}

/* Where the pixel at (x, y) of the stored picture belongs in the upright one, by EXIF's
 * definition of where row 0 and column 0 lie. */
static void upright_place(int orientation, size_t width, size_t height, size_t x, size_t y,
                          size_t *out_x, size_t *out_y) {
    size_t right = width - 1 - x, below_it = height - 1 - y;
    const size_t places[9][2] = {{0},           {x, y}, {right, y},    {right, below_it},
                                 {x, below_it}, {y, x}, {below_it, x}, {below_it, right},
                                 {y, right}};
    *out_x = places[orientation][0];
    *out_y = places[orientation][1];
}

static void check_turn(uint32_t width, uint32_t height, int orientation) {
    struct image image = {0};
    assert_int_equal(image_resize_buffer(&image, width, height), STATUS_OK);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        const uint8_t pixel[3] = {(uint8_t)i, (uint8_t)(i >> 8), 77};
        memcpy(image.pixels + 3 * i, pixel, 3);
    }
    assert_int_equal(image_orient(&image, orientation), STATUS_OK);
    bool turned = orientation >= 5;
    assert_int_equal(image.width, turned ? height : width);
    assert_int_equal(image.height, turned ? width : height);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        size_t x, y;
        upright_place(orientation, width, height, i % width, i / width, &x, &y);
        const uint8_t pixel[3] = {(uint8_t)i, (uint8_t)(i >> 8), 77};
        assert_memory_equal(image.pixels + 3 * (y * image.width + x), pixel, 3);
    }
    image_free(&image);
}

static void test_turning(void **state) {
    (void)state;
    const uint32_t sizes[][2] = {{1, 1}, {1, 6}, {5, 1},    {4, 4},
                                 {7, 3}, {2, 9}, {100, 33}, {64, 97}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int orientation = 1; orientation <= 8; orientation++)
            check_turn(sizes[i][0], sizes[i][1], orientation);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orientations),   cmocka_unit_test(test_first_counts),
        cmocka_unit_test(test_malformed),      cmocka_unit_test(test_cut),
        cmocka_unit_test(test_random_changes), cmocka_unit_test(test_turning)};
    return RUN_TESTS(tests);
}
