/* The size that HEVC's own headers announce, wherever in a file they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/hevc.h"
#include "image_files.h"
#include "unit.h"

struct unit {
    uint8_t bytes[128];
    size_t bits;
};

static void put_bits(struct unit *unit, uint64_t value, unsigned count) {
    for (; count; count--, unit->bits++)
        if (value >> (count - 1) & 1)
            unit->bytes[unit->bits / 8] |= (uint8_t)(0x80 >> unit->bits % 8);
}

static void put_number(struct unit *unit, uint64_t value) {
    unsigned bits = 0;
    while ((value + 1) >> (bits + 1))
        bits++;
    put_bits(unit, value + 1, 2 * bits + 1);
}

/* A sequence parameter set as far as its size, of this many layers, behind its header. */
static struct unit make_set(unsigned layers, unsigned chroma, uint64_t width, uint64_t height) {
    struct unit unit = {{0}, 0};
    put_bits(&unit, 0x4201, 16);
    put_bits(&unit, 0x10 | (layers - 1) << 1 | 1, 8);
    for (int i = 0; i < 12; i++)
        put_bits(&unit, 0x55, 8);
    for (unsigned i = 1; i < layers; i++)
        put_bits(&unit, 3, 2);
    put_bits(&unit, 0, layers > 1 ? 2 * (9 - layers) : 0);
    for (unsigned i = 1; i < layers; i++)
        for (int k = 0; k < 12; k++)
            put_bits(&unit, 0x77, 8);
    put_number(&unit, 0);
    put_number(&unit, chroma);
    if (chroma == 3)
        put_bits(&unit, 0, 1);
    put_number(&unit, width);
    put_number(&unit, height);
    put_bits(&unit, 0xFF, 8);
    return unit;
}

/* Behind `prefix`, whose last two bytes become its length; with a guard behind each two zeros. */
static uint64_t pixels_behind(const char *prefix, const struct unit *unit) {
    uint8_t file[320] = {9, 9, 9};
    size_t n = 3, zeros = 0, length = (unit->bits + 7) / 8;
    memcpy(file + n, prefix, 5);
    n += 5;
    size_t begin = n;
    for (size_t i = 0; i < length; i++) {
        if (zeros == 2 && unit->bytes[i] <= 3) {
            file[n++] = 3;
            zeros = 0;
        }
        file[n++] = unit->bytes[i];
        zeros = unit->bytes[i] ? 0 : zeros + 1;
    }
    file[begin - 2] = (uint8_t)((n - begin) >> 8);
    file[begin - 1] = (uint8_t)(n - begin);
    uint8_t *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, file, n);
    uint64_t whole = hevc_coded_pixels(copy, n);
    for (size_t cut = 0; cut < n; cut++)
        assert_true(hevc_coded_pixels(copy, cut) <= whole);
    free(copy);
    return whole;
}

static void test_sets(void **state) {
    (void)state;
    static const struct {
        unsigned layers, chroma;
        uint64_t width, height, pixels;
    } cases[] = {{1, 1, 640, 480, 640 * 480},
                 {1, 3, 37, 21, 37 * 21},
                 {1, 0, 65535, 65535, (uint64_t)65535 * 65535},
                 {2, 1, 4096, 1, 4096},
                 {7, 2, 100, 50, 5000},
                 {1, 1, 0xFFFFFFFE, 0xFFFFFFFE, (uint64_t)0xFFFFFFFE * 0xFFFFFFFE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct unit unit =
            make_set(cases[i].layers, cases[i].chroma, cases[i].width, cases[i].height);
        assert_int_equal(pixels_behind("\xA1\0\1..", &unit), cases[i].pixels);
        assert_int_equal(pixels_behind("\x09\0\0..", &unit), cases[i].pixels);
        assert_int_equal(pixels_behind("\x09\0\1..", &unit), 0); /* neither here nor there */
    }
}

static void test_files(void **state) {
    (void)state;
    size_t length;
    uint8_t *bytes = image_file("heic_flat.heic", &length);
    assert_int_equal(hevc_coded_pixels(bytes, length), 640 * 640);
    free(bytes);
    bytes = image_file("heic_420.heic", &length); /* coded in whole blocks */
    assert_int_equal(hevc_coded_pixels(bytes, length), 64 * 64);
    free(bytes);
    bytes = image_file("avif_420.avif", &length);
    assert_int_equal(hevc_coded_pixels(bytes, length), 0);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_files),
    };
    return RUN_TESTS(tests);
}
