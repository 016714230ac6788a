/* WebP: OpenCV's pixels for every form, and a reason for what is lost or is no picture. */
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
    /* Two libwebps may differ in how they smooth colours between samples. */
    assert_decodes(webp_decode, "webp_lossy", "webp", 1);
    assert_decodes(webp_decode, "webp_lossy_alpha", "webp", 1);
    assert_decodes(webp_decode, "webp_lossless", "webp", 0);
    assert_decodes(webp_decode, "webp_lossless_alpha", "webp", 0);
}

static void test_truncated(void **state) {
    (void)state;
    const char *names[] = {"webp_lossy.webp", "webp_lossless.webp", "webp_lossy_alpha.webp"};
    FILE *file;
    int kept = stderr_redirect(&file);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length;
        uint8_t *bytes = image_file(names[i], &length);
        /* A few bytes at the end may fill up the last chunk, or hold nothing that a pixel needs. */
        for (size_t n = 12; n + 8 < length; n++)
            assert_refused(webp_decode, bytes, n, "WebP");
        free(bytes);
    }
    assert_int_equal(stderr_restore(kept, file), 0);
}

static void test_animation(void **state) {
    (void)state;
    static const uint8_t bytes[] = "RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x24\0\0\x14\0\0"
                                   "ANIM\0\0\0\0";
    assert_refused(webp_decode, bytes, sizeof bytes - 1, "an animation");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_animation),
    };
    return RUN_TESTS(tests);
}
