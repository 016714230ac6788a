/* AVIF and HEIC in a build without their libraries: pictures that fail, for a reason that says
 * which library is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_files.h"
#include "unit.h"

static void assert_lacks(const char *name, const char *words) {
    char path[256];
    struct image image = {0};
    snprintf(path, sizeof path, "tests/data/images/%s", name);
    assert_int_equal(image_read(path, &image), STATUS_BAD_INPUT);
    assert_string_equal(status_message(), words);
    image_free(&image);
}

static void test_absent(void **state) {
    (void)state;
    assert_lacks("avif_420.avif", "AVIF: this verify was built without libavif, which reads it");
    assert_lacks("heic_420.heic", "HEIC: this verify was built without libheif, which reads it");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_absent)};
    return RUN_TESTS(tests);
}
