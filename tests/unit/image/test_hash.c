/* The sketch of a picture: mean greys of its cells, a hash that copies share but for few bits, and
 * whether two pictures are copies. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/sketch.h"
#include "unit.h"

enum { WIDTH = 320, HEIGHT = 240, OTHERS = 24 };

/* A picture of waves, the weaker the shorter, as photographs have them. */
static void fill(struct image *image, unsigned seed) {
    float waves[12][12], across[12][WIDTH];
    assert_int_equal(image_resize_buffer(image, WIDTH, HEIGHT), STATUS_OK);
    srand(seed + 1); /* 0 and 1 are the same */
    for (int v = 0; v < 12; v++)
        for (int u = 0; u < 12; u++)
            waves[v][u] = 70 * ((float)rand() / (float)RAND_MAX * 2 - 1) / (float)(1 + u + v);
    for (int u = 0; u < 12; u++)
        for (int x = 0; x < WIDTH; x++)
            across[u][x] = cosf(3.14159f * (float)u * ((float)x + 0.5f) / WIDTH);
    for (int y = 0; y < HEIGHT; y++) {
        float rows[12] = {0};
        for (int u = 0; u < 12; u++)
            for (int v = 0; v < 12; v++)
                rows[u] += waves[v][u] * cosf(3.14159f * (float)v * ((float)y + 0.5f) / HEIGHT);
        for (int x = 0; x < WIDTH; x++) {
            float sum = 110;
            for (int u = 0; u < 12; u++)
                sum += rows[u] * across[u][x];
            memset(image->pixels + (y * WIDTH + x) * 3, (int)fminf(fmaxf(sum, 0), 255), 3);
        }
    }
}

static struct sketch sketch_of(const struct image *image) {
    struct sketch sketch;
    bool plain;
    assert_int_equal(sketch_make(image, &sketch, &plain), STATUS_OK);
    assert_false(plain);
    return sketch;
}

static int flipped(const struct sketch *a, const struct sketch *b) {
    int count = 0;
    for (int i = 0; i < SKETCH_WORDS; i++)
        count += __builtin_popcountll(a->hash.bits[i] ^ b->hash.bits[i]);
    return count;
}

static void assert_copy(const struct image *image, const struct image *copy, int most) {
    struct sketch a = sketch_of(image), b = sketch_of(copy);
    assert_in_range(flipped(&a, &b), 0, most);
    assert_true(sketch_same(&a, &b));
    assert_true(sketch_same(&b, &a));
}

/* A part of the picture, scaled. */
static void scale(const struct image *image, struct image_area area, uint32_t width,
                  uint32_t height, struct image *out) {
    assert_int_equal(image_resize_buffer(out, width, height), STATUS_OK);
    const struct image_view view = {out->pixels, width, height, (size_t)width * 3};
    assert_int_equal(image_scale(image, &area, &view), STATUS_OK);
}

/* Each cell is the mean of its pixels, whatever their number. */
static void test_levels(void **state) {
    (void)state;
    static const uint32_t sides[][2] = {{16, 16}, {48, 32}, {24, 40}, {160, 1600}, {1600, 160}};
    struct image image = {0};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        uint32_t width = sides[i][0], height = sides[i][1];
        struct sketch sketch;
        bool plain;
        assert_int_equal(image_resize_buffer(&image, width, height), STATUS_OK);
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++) /* rises evenly along both sides */
                memset(image.pixels + (y * width + x) * 3,
                       (int)(128.0 * (x + 0.5) / width + 127.0 * (y + 0.5) / height), 3);
        assert_int_equal(sketch_make(&image, &sketch, &plain), STATUS_OK);
        for (int y = 0; y < SKETCH_SIDE; y++)
            for (int x = 0; x < SKETCH_SIDE; x++) {
                double wanted = (128 * (x + 0.5) + 127 * (y + 0.5)) / SKETCH_SIDE;
                assert_true(fabs(sketch.levels[y * SKETCH_SIDE + x] - wanted) < 2.5);
            }
    }
    image_free(&image);
}

/* Red, green and blue count as the eye sees them. */
static void test_grey(void **state) {
    (void)state;
    struct image image = {0};
    struct sketch sketch;
    bool plain;
    assert_int_equal(image_resize_buffer(&image, 48, 16), STATUS_OK);
    memset(image.pixels, 0, 48 * 16 * 3);
    for (int y = 0; y < 16; y++)
        for (int x = 0; x < 48; x++)
            image.pixels[(y * 48 + x) * 3 + x / 16] = 255;
    assert_int_equal(sketch_make(&image, &sketch, &plain), STATUS_OK);
    assert_in_range(sketch.levels[0], 76, 77);
    assert_in_range(sketch.levels[7], 149, 150);
    assert_in_range(sketch.levels[15], 28, 29);
    image_free(&image);
}

static void test_copies(void **state) {
    (void)state;
    struct image image = {0}, copy = {0};
    for (unsigned seed = 0; seed < OTHERS; seed++) {
        fill(&image, seed);
        scale(&image, (struct image_area){0, 0, 1, 1}, WIDTH / 2, HEIGHT / 2, &copy);
        assert_copy(&image, &copy, 16);
        scale(&image, (struct image_area){0, 0, 1, 1}, 1000, 300, &copy); /* distorted */
        assert_copy(&image, &copy, 16);
        scale(&image, (struct image_area){.03, .03, 1, 1}, WIDTH, HEIGHT, &copy);
        assert_copy(&image, &copy, SKETCH_MOST_FLIPPED);
        scale(&image, (struct image_area){.03, .03, .97, .97}, 200, 150, &copy);
        assert_copy(&image, &copy, SKETCH_MOST_FLIPPED);
        scale(&image, (struct image_area){0, 0, 1, 1}, WIDTH, HEIGHT, &copy);
        for (size_t i = 0; i < WIDTH * HEIGHT * 3; i++)
            copy.pixels[i] = (uint8_t)(copy.pixels[i] < 205 ? copy.pixels[i] * 5 / 4 : 255);
        assert_copy(&image, &copy, 24);
    }
    image_free(&image);
    image_free(&copy);
}

static void test_others(void **state) {
    (void)state;
    static struct sketch sketches[OTHERS];
    struct image image = {0}, part = {0};
    for (unsigned seed = 0; seed < OTHERS; seed++) {
        fill(&image, seed);
        sketches[seed] = sketch_of(&image);
        for (unsigned i = 0; i < seed; i++)
            assert_false(sketch_same(&sketches[i], &sketches[seed]));
        /* What is left without a fifth of it is another picture. */
        scale(&image, (struct image_area){.2, .2, 1, 1}, WIDTH, HEIGHT, &part);
        struct sketch other = sketch_of(&part);
        assert_false(sketch_same(&sketches[seed], &other));
    }
    image_free(&image);
    image_free(&part);
}

/* A negative is no copy. */
static void test_negative(void **state) {
    (void)state;
    struct image image = {0};
    fill(&image, 1);
    struct sketch sketch = sketch_of(&image);
    for (size_t i = 0; i < WIDTH * HEIGHT * 3; i++)
        image.pixels[i] = (uint8_t)(255 - image.pixels[i]);
    struct sketch negative = sketch_of(&image);
    assert_false(sketch_same(&sketch, &negative));
    negative.hash = sketch.hash;
    assert_false(sketch_same(&sketch, &negative));
    image_free(&image);
}

static void test_plain(void **state) {
    (void)state;
    static const uint32_t sides[][2] = {{1, 1}, {1, 40}, {300, 1}, {64, 64}};
    struct image image = {0};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        struct sketch sketch;
        bool plain = false;
        assert_int_equal(image_resize_buffer(&image, sides[i][0], sides[i][1]), STATUS_OK);
        memset(image.pixels, 255, (size_t)sides[i][0] * sides[i][1] * 3);
        image.pixels[0] = 250;
        assert_int_equal(sketch_make(&image, &sketch, &plain), STATUS_OK);
        assert_true(plain);
        assert_in_range(sketch.levels[SKETCH_CELLS - 1], 250, 255);
    }
    image_free(&image);
}

/* The weak bits are of the key, each once. */
static void test_weak(void **state) {
    (void)state;
    struct image image = {0};
    for (unsigned seed = 0; seed < OTHERS; seed++) {
        uint64_t seen = 0;
        fill(&image, seed);
        struct sketch sketch = sketch_of(&image);
        for (int i = 0; i < SKETCH_WEAK; i++) {
            assert_in_range(sketch.hash.weak[i], 0, SKETCH_KEY_BITS - 1);
            assert_false(seen >> sketch.hash.weak[i] & 1);
            seen |= UINT64_C(1) << sketch.hash.weak[i];
        }
    }
    image_free(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),   cmocka_unit_test(test_grey),
        cmocka_unit_test(test_copies),   cmocka_unit_test(test_others),
        cmocka_unit_test(test_negative), cmocka_unit_test(test_plain),
        cmocka_unit_test(test_weak),
    };
    return RUN_TESTS(tests);
}
