/* HEIC: Pillow's pixels for every form, upright, and a reason for what is lost or damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heif_case.h"
#include "unit.h"

static void test_forms(void **state) {
    (void)state;
    const char *forms[] = {"420", "422", "444", "gray", "alpha", "10bit"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_reads("heic", forms[i], "heic", 1);
}

static void test_upright(void **state) {
    (void)state;
    assert_upright("heic", "heic", 1);
}

/* As telephones make them: of tiles. */
static void test_grid(void **state) {
    (void)state;
    enum { SIDE = 64, COLUMNS = 3, ROWS = 2 };
    static const uint8_t tiles[ROWS * COLUMNS][3] = {{200, 30, 40}, {30, 200, 40},  {30, 40, 200},
                                                     {90, 90, 90},  {220, 210, 30}, {20, 120, 130}};
    struct image image = {0};
    assert_int_equal(image_read("tests/data/images/heic_grid.heic", &image), STATUS_OK);
    assert_int_equal(image.width, COLUMNS * SIDE);
    assert_int_equal(image.height, ROWS * SIDE);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        size_t x = i % COLUMNS * SIDE + SIDE / 2, y = i / COLUMNS * SIDE + SIDE / 2;
        assert_true(largest_difference(image.pixels + (y * image.width + x) * 3, tiles[i], 3) <= 4);
    }
    image_free(&image);
}

static void test_truncated(void **state) {
    (void)state;
    assert_cut_refused(heif_decode, "heic_420.heic", 12, "HEIC");
    assert_cut_refused(heif_decode, "heic_alpha.heic", 12, "HEIC");
}

static void test_damaged(void **state) {
    (void)state;
    assert_damage_borne(heif_decode, "heic_420.heic");
    assert_damage_borne(heif_decode, "heic_turned7.heic");
}

/* Memory is taken for the size that is announced. */
static void test_sizes(void **state) {
    (void)state;
    assert_size_refused(heif_decode, "heic_flat.heic", 16, 16, "HEIC: damaged");
    assert_size_refused(heif_decode, "heic_flat.heic", 16384, 16385, "");
    assert_size_refused(heif_decode, "heic_flat.heic", 640, 0, "");
}

/* ... and for that which the codec's own header announces, before anything is decoded. */
static void test_coded_size(void **state) {
    (void)state;
    size_t length;
    struct image image = {0};
    uint8_t *bytes = announce_size("heic_flat.heic", 16, 16, &length);
    const size_t enough_for_16 = (size_t)6 << 20;
    assert_int_equal(image_budget_make(enough_for_16, 1, &image.budget), STATUS_OK);
    struct image_budget *budget = image.budget;
    assert_int_equal(decode_copy(heif_decode, bytes, length, &image), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "more than the 6 MiB there are for pictures"));
    image_free(&image);
    image_budget_free(budget);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),      cmocka_unit_test(test_upright),
        cmocka_unit_test(test_truncated),  cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_grid),
        cmocka_unit_test(test_coded_size),
    };
    return RUN_TESTS(tests);
}
