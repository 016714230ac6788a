/* AVIF: Pillow's pixels for every form, upright, and a reason for what is lost or damaged. */
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
        assert_reads("avif", forms[i], "avif", 1);
    assert_reads("avif", "frames", "avif", 1); /* the first one */
}

static void test_upright(void **state) {
    (void)state;
    assert_upright("avif", "avif", 1);
    assert_reads("avif", "exif6", "avif", 12); /* against what was coded */
}

static void test_truncated(void **state) {
    (void)state;
    assert_cut_refused(avif_decode, "avif_420.avif", 12, "AVIF");
    assert_cut_refused(avif_decode, "avif_alpha.avif", 12, "AVIF");
}

static void test_damaged(void **state) {
    (void)state;
    assert_damage_borne(avif_decode, "avif_420.avif");
    assert_damage_borne(avif_decode, "avif_turned7.avif");
}

/* Memory is taken for the size that is announced. */
static void test_sizes(void **state) {
    (void)state;
    assert_size_refused(avif_decode, "avif_flat.avif", 16, 16, "AVIF: damaged");
    assert_size_refused(avif_decode, "avif_flat.avif", 16384, 16385, "");
    assert_size_refused(avif_decode, "avif_flat.avif", 640, 0, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),     cmocka_unit_test(test_upright),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_sizes),
    };
    return RUN_TESTS(tests);
}
