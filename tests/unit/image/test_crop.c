/* Parts of a picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/image.h"
#include "unit.h"

enum { WIDTH = 7, HEIGHT = 5 };

/* Every byte of this picture is another one. */
static void fill(struct image *image) {
    assert_int_equal(image_resize_buffer(image, WIDTH, HEIGHT), STATUS_OK);
    for (size_t i = 0; i < (size_t)3 * WIDTH * HEIGHT; i++)
        image->pixels[i] = (uint8_t)i;
}

static void check(const struct image *image, struct crop crop, struct image *out) {
    assert_int_equal(image_crop(image, &crop, out), STATUS_OK);
    assert_int_equal(out->width, crop.width);
    assert_int_equal(out->height, crop.height);
    for (uint32_t y = 0; y < crop.height; y++)
        for (uint32_t i = 0; i < 3 * crop.width; i++)
            assert_int_equal(out->pixels[y * 3 * crop.width + i],
                             (crop.y + y) * 3 * WIDTH + 3 * crop.x + i);
}

static void test_crop(void **state) {
    (void)state;
    struct image image = {0}, out = {0};
    fill(&image);
    check(&image, (struct crop){0, 0, WIDTH, HEIGHT}, &out);
    check(&image, (struct crop){2, 1, 3, 2}, &out);
    check(&image, (struct crop){WIDTH - 1, HEIGHT - 1, 1, 1}, &out);
    check(&image, (struct crop){0, 3, WIDTH, 2}, &out);
    image_free(&image);
    image_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_crop)};
    return RUN_TESTS(tests);
}
