/* TIFF: OpenCV's pixels for every form, pages that were turned, and a reason for what is lost. */
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
    static const struct {
        const char *name;
        int tolerance;
    } forms[] = {{"tiff_gray8", 0},      {"tiff_white8", 0},       {"tiff_gray1", 0},
                 {"tiff_gray16", 1},     {"tiff_rgb8", 0},         {"tiff_rgb8_big", 0},
                 {"tiff_rgb8_lzw", 0},   {"tiff_rgb8_deflate", 0}, {"tiff_rgb8_packed", 0},
                 {"tiff_rgb8_tiles", 0}, {"tiff_rgb8_planes", 0},  {"tiff_rgba8", 0},
                 {"tiff_rgb16", 1},      {"tiff_jpeg", 1},         {"tiff_palette8", 0}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_decodes(tiff_decode, forms[i].name, "tif", forms[i].tolerance);
}

static void read_picture(const char *name, struct image *image) {
    char path[256];
    snprintf(path, sizeof path, "tests/data/images/%s", name);
    if (image_read(path, image) != STATUS_OK)
        fail_msg("%s: %s", name, status_message());
}

/* As OpenCV has them where it reads them, and all as the orientation says. */
static void test_turned(void **state) {
    (void)state;
    struct image upright = {0}, image = {0};
    for (int orientation = 2; orientation <= 8; orientation++) {
        char name[64];
        snprintf(name, sizeof name, "tiff_turned%d.tif", orientation);
        read_picture(name, &image);
        read_picture("tiff_rgb8.tif", &upright);
        assert_int_equal(image.orientation, orientation);
        assert_int_equal(image_orient(&upright, orientation), STATUS_OK);
        assert_int_equal(image.width, upright.width);
        assert_memory_equal(image.pixels, upright.pixels,
                            (size_t)upright.width * upright.height * 3);
        if (orientation > 4)
            continue;
        size_t length;
        snprintf(name, sizeof name, "tiff_turned%d.rgb", orientation);
        uint8_t *expected = image_file(name, &length);
        assert_memory_equal(image.pixels, expected, length);
        free(expected);
    }
    image_free(&upright);
    image_free(&image);
}

static void test_truncated(void **state) {
    (void)state;
    const char *names[] = {"tiff_rgb8.tif", "tiff_rgb8_lzw.tif", "tiff_rgb8_tiles.tif"};
    FILE *file;
    int kept = stderr_redirect(&file);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length;
        uint8_t *bytes = image_file(names[i], &length);
        for (size_t n = 4; n + 16 < length; n++)
            assert_refused(tiff_decode, bytes, n, "TIFF: ");
        free(bytes);
    }
    assert_int_equal(stderr_restore(kept, file), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_turned),
        cmocka_unit_test(test_truncated),
    };
    return RUN_TESTS(tests);
}
