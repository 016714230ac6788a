/* How large objects are for the network. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/size.h"
#include "unit.h"

/* Of a box of so many pixels in the picture. */
static enum size of_pixels(uint32_t picture_width, uint32_t picture_height, uint32_t imgsz,
                           double width, double height) {
    const struct image_result result = {
        .width = picture_width, .height = picture_height, .imgsz = imgsz};
    return size_of(&result, width / picture_width, height / picture_height);
}

static void test_limits(void **state) {
    (void)state;
    static const struct {
        uint32_t picture[2], imgsz;
        double box[2];
        enum size size;
    } cases[] = {
        {{640, 480}, 640, {31, 33}, SIZE_SMALL},   /* 1023 */
        {{640, 480}, 640, {32, 32}, SIZE_MEDIUM},  /* 1024 */
        {{640, 480}, 640, {2, 480}, SIZE_SMALL},   /* its area counts, not its longer side */
        {{640, 480}, 640, {95, 97}, SIZE_MEDIUM},  /* 9215 */
        {{640, 480}, 640, {96, 96}, SIZE_LARGE},   /* 9216 */
        {{480, 640}, 640, {96, 96}, SIZE_LARGE},   /* upright */
        {{1280, 720}, 640, {62, 66}, SIZE_SMALL},  /* as the network sees it: 31 x 33 */
        {{1280, 720}, 640, {64, 64}, SIZE_MEDIUM}, /* 32 x 32 */
        {{1280, 720}, 1280, {96, 97}, SIZE_LARGE},
        {{160, 100}, 640, {8, 8}, SIZE_MEDIUM},    /* enlarged: 32 x 32 */
        {{160, 100}, 640, {7.7, 8.2}, SIZE_SMALL}, /* 1010 */
        {{65535, 4096}, 640, {65535, 4096}, SIZE_LARGE},
        {{65535, 4096}, 640, {0, 4096}, SIZE_SMALL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum size size = of_pixels(cases[i].picture[0], cases[i].picture[1], cases[i].imgsz,
                                   cases[i].box[0], cases[i].box[1]);
        if (size != cases[i].size)
            fail_msg("case %zu: %s", i, size_name(size));
    }
    assert_int_equal(size_from(SIZE_SMALL), 0);
    for (int s = 1; s < SIZE_COUNT; s++)
        assert_true(size_from((enum size)(s - 1)) < size_from((enum size)s));
}

/* The digits that records do not have do not count: 0.05 of 640 pixels is 32. */
static void test_as_recorded(void **state) {
    (void)state;
    const struct image_result result = {.width = 640, .height = 640, .imgsz = 640};
    assert_int_equal(size_of(&result, 0.05 - 4e-7, 0.05 - 4e-7), SIZE_MEDIUM);
    assert_int_equal(size_of(&result, 0.05 - 6e-7, 0.05 - 6e-7), SIZE_SMALL);
}

static void test_nothing_to_measure(void **state) {
    (void)state;
    const struct image_result unread = {.imgsz = 640};
    assert_int_equal(size_of(&unread, 0.5, 0.5), SIZE_SMALL);
    const struct image_result result = {.width = 640, .height = 640, .imgsz = 640};
    assert_int_equal(size_of(&result, NAN, 0.5), SIZE_SMALL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_as_recorded),
        cmocka_unit_test(test_nothing_to_measure),
    };
    return RUN_TESTS(tests);
}
