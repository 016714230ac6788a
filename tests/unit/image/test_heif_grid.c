/* The tiles of AVIF and HEIC files are counted before any of them is decoded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/heif_grid.h"
#include "image_files.h"
#include "unit.h"

/* A file whose last box is that of the metadata, which reaches to the end. */
#define META                                                                                       \
    "\0\0\0\x0c"                                                                                   \
    "ftypavif"                                                                                     \
    "\0\0\0\0"                                                                                     \
    "meta"
#define GRID_OF(text, width, height)                                                               \
    heif_grid_of((const uint8_t *)META text, sizeof(META text) - 1, width, height)
#define FEW                                                                                        \
    "\0\0\0\x10"                                                                                   \
    "dimg"                                                                                         \
    "\0\1\0\2\0\2\0\3"
#define MANY                                                                                       \
    "\0\0\0\x16"                                                                                   \
    "dimg"                                                                                         \
    "\0\0\0\1\0\2\0\0\0\2\0\0\0\3"
#define SIDES                                                                                      \
    "\0\0\0\x14"                                                                                   \
    "ispe"                                                                                         \
    "\0\0\0\0"                                                                                     \
    "\0\0\0\x40"                                                                                   \
    "\0\0\0\x20"

static void test_counts(void **state) {
    (void)state;
    assert_int_equal(GRID_OF("....", 9, 9).tiles, 0);
    assert_int_equal(GRID_OF(FEW, 9, 9).tiles, 2);
    assert_int_equal(GRID_OF(MANY, 9, 9).tiles, 2);
    assert_int_equal(GRID_OF("xx" FEW MANY "dimg", 9, 9).tiles, 4);
    assert_int_equal(GRID_OF("\0\0\0\x11"
                             "dimg"
                             "\0\1\0\2\0\2\0\3",
                             9, 9)
                         .tiles,
                     0);
    assert_int_equal(GRID_OF(SIDES, 9, 9).tile_pixels, 64 * 32);
    assert_int_equal(GRID_OF(SIDES, 64, 32).tile_pixels, 64 * 32); /* that of the whole */
    assert_int_equal(GRID_OF(FEW, 9, 9).tile_pixels, 81);
}

#define ITEMS_OF(text) heif_items((const uint8_t *)META text, sizeof(META text) - 1)

static void test_items(void **state) {
    (void)state;
    assert_int_equal(ITEMS_OF("...."), 0);
    assert_int_equal(ITEMS_OF("....infe....infe....infe"), 3);
    assert_int_equal(ITEMS_OF("....iloc\0...\x44\0\1\2..."), 0x102);
    assert_int_equal(ITEMS_OF("....iloc\2...\x44\0\0\1\2\3"), 0x10203);
    assert_int_equal(ITEMS_OF("....ipma....\0\1\0\0..."), 0x10000);
    assert_int_equal(ITEMS_OF("\0\1\0\0iref............"), 0x10000 / 14);
    assert_int_equal(ITEMS_OF("....iloc\2...\x44\0\0\1\2"), 0);
}

/* Among the coded data the same words mean nothing. */
static void test_elsewhere(void **state) {
    (void)state;
    static const uint8_t data[] = "\0\0\0\x0c"
                                  "ftypavif"
                                  "\0\0\0\0"
                                  "mdat" FEW SIDES "....infe....infe....infe";
    assert_int_equal(heif_grid_of(data, sizeof data, 9, 9).tiles, 0);
    assert_int_equal(heif_grid_of(data, sizeof data, 9, 9).tile_pixels, 81);
    assert_int_equal(heif_items(data, sizeof data), 0);
}

static void test_cut(void **state) {
    (void)state;
    size_t length;
    uint8_t *bytes = image_file("heic_grid.heic", &length);
    struct heif_grid grid = heif_grid_of(bytes, length, 192, 128);
    assert_int_equal(grid.tiles, 6);
    assert_int_equal(grid.tile_pixels, 64 * 64);
    assert_int_equal(heif_items(bytes, length), 7);
    for (size_t n = 0; n < length; n++) {
        uint8_t *copy = malloc(n + 1);
        assert_non_null(copy);
        memcpy(copy + 1, bytes, n);
        assert_true(heif_grid_of(copy + 1, n, 192, 128).tiles <= 6);
        assert_true(heif_items(copy + 1, n) <= 7);
        free(copy);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_cut),
    };
    return RUN_TESTS(tests);
}
