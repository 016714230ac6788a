/* BMP: OpenCV's pixels for every form, and a reason for every loss of data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_files.h"
#include "unit.h"

static void test_forms(void **state) {
    (void)state;
    const char *names[] = {"bmp_palette1",    "bmp_palette4", "bmp_palette8", "bmp_core1",
                           "bmp_core4",       "bmp_core8",    "bmp_runs4",    "bmp_runs8",
                           "bmp_few_colours", "bmp_rgb24",    "bmp_top_down", "bmp_v5",
                           "bmp_rgb32",       "bmp_rgb555",   "bmp_rgb565",   "bmp_masks32"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_decodes(bmp_decode, names[i], "bmp", 0);
}

/* What is cut off is missed, but for bytes that fill up the last row. */
static void test_truncated(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t filling;
    } files[] = {{"bmp_palette1.bmp", 3},
                 {"bmp_rgb24.bmp", 1},
                 {"bmp_runs4.bmp", 0},
                 {"bmp_runs8.bmp", 0},
                 {"bmp_masks32.bmp", 0}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t length;
        uint8_t *bytes = image_file(files[i].name, &length);
        for (size_t n = 2; n < length - files[i].filling; n++)
            assert_refused(bmp_decode, bytes, n, "truncated BMP");
        free(bytes);
    }
}

/* A header's number, changed. */
static void assert_number_refused(size_t at, uint32_t value, const char *words) {
    size_t length;
    uint8_t *bytes = image_file("bmp_rgb24.bmp", &length);
    for (int i = 0; i < 4; i++)
        bytes[at + (size_t)i] = (uint8_t)(value >> 8 * i);
    assert_refused(bmp_decode, bytes, length, words);
    free(bytes);
}

static void test_headers(void **state) {
    (void)state;
    enum { PIXELS = 10, HEADER = 14, WIDTH = 18, HEIGHT = 22, PLANES = 26, COMPRESSION = 30 };
    assert_number_refused(HEADER, 16, "a header of 16 bytes");
    assert_number_refused(HEADER, UINT32_MAX, "is not known");
    assert_number_refused(WIDTH, 0, "is empty");
    assert_number_refused(HEIGHT, 0, "is empty");
    assert_number_refused(WIDTH, 0x7FFFFFFF, "are more than");
    assert_number_refused(HEIGHT, 0x80000000u, "are more than");
    assert_number_refused(PLANES, 1 | 2 << 16, "2 bits a pixel");
    assert_number_refused(COMPRESSION, 4, "in form 4");
    assert_number_refused(COMPRESSION, 1, "24 bits a pixel in form 1");
    assert_number_refused(PIXELS, UINT32_MAX, "truncated BMP");
}

/* Runs and jumps beyond the picture write nothing. */
static void test_wild_runs(void **state) {
    (void)state;
    size_t length;
    uint8_t *bytes = image_file("bmp_runs8.bmp", &length);
    size_t pixels = bytes[10] | (size_t)bytes[11] << 8;
    uint8_t wild[64];
    struct image image = {0};
    for (size_t i = 0; i + 4 <= sizeof wild; i += 4)
        memcpy(wild + i, i % 8 ? "\0\2\xff\0" : "\xff\1\0\0", 4);
    memcpy(wild + sizeof wild - 2, "\0\1", 2);
    uint8_t *changed = insert_bytes(bytes, length, pixels, wild, sizeof wild);
    assert_int_equal(decode_copy(bmp_decode, changed, length + sizeof wild, &image), STATUS_OK);
    image_free(&image);
    free(changed);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_wild_runs),
    };
    return RUN_TESTS(tests);
}
