/* PNG: OpenCV's pixels for every form, and a reason for every loss of data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "image_files.h"
#include "unit.h"

enum { HEADER_END = 33 /* signature and IHDR chunk */ };

static void write_number(uint8_t *out, uint32_t value) {
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Writes a chunk to `out` and returns its size. */
static size_t write_chunk(uint8_t *out, const char *kind, const void *data, uint32_t length) {
    write_number(out, length);
    memcpy(out + 4, kind, 4);
    memcpy(out + 8, data, length);
    write_number(out + 8 + length, (uint32_t)crc32(0, out + 4, length + 4));
    return length + 12;
}

static void test_forms(void **state) {
    (void)state;
    const char *names[] = {"gray1",
                           "gray2",
                           "gray4",
                           "gray8",
                           "gray8_clear",
                           "gray8_alpha",
                           "gray16",
                           "gray16_alpha",
                           "palette1",
                           "palette2",
                           "palette4",
                           "palette8_clear",
                           "rgb8",
                           "rgb8_alpha",
                           "rgb16",
                           "rgb16_alpha",
                           "interlaced_rgb8",
                           "interlaced_gray2",
                           "interlaced_rgb16_alpha"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_decodes(png_decode, names[i], "png", 0);
}

static void test_truncated(void **state) {
    (void)state;
    const char *names[] = {"rgb8.png", "interlaced_gray2.png", "palette8_clear.png"};
    FILE *file;
    int kept = stderr_redirect(&file);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length;
        uint8_t *bytes = image_file(names[i], &length);
        for (size_t n = 0; n < length; n++)
            assert_refused(png_decode, bytes, n, "truncated PNG");
        free(bytes);
    }
    assert_int_equal(stderr_restore(kept, file), 0);
}

/* The checksums cover everything: not one changed bit goes unnoticed. */
static void test_changed_bits(void **state) {
    (void)state;
    const char *names[] = {"rgb8.png", "interlaced_gray2.png", "palette8_clear.png"};
    FILE *file;
    int kept = stderr_redirect(&file);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length;
        uint8_t *bytes = image_file(names[i], &length);
        for (size_t at = 0; at < length; at++) {
            bytes[at] ^= (uint8_t)(1 << at % 8);
            assert_refused(png_decode, bytes, length, "PNG: ");
            bytes[at] ^= (uint8_t)(1 << at % 8);
        }
        free(bytes);
    }
    assert_int_equal(stderr_restore(kept, file), 0);
}

/* A chunk beside the pixels: its checksum counts, its contents do not. */
static void test_other_chunks(void **state) {
    (void)state;
    size_t length;
    uint8_t *bytes = image_file("rgb8.png", &length);
    struct image whole = {0}, image = {0};
    assert_int_equal(png_decode(bytes, length, &whole), STATUS_OK);
    FILE *file;
    int kept = stderr_redirect(&file);

    uint8_t chunk[128];
    size_t size = write_chunk(chunk, "iCCP", "broken\0\0profile", 15);
    uint8_t *changed = insert_bytes(bytes, length, HEADER_END, chunk, size);
    assert_int_equal(decode_copy(png_decode, changed, length + size, &image), STATUS_OK);
    assert_memory_equal(image.pixels, whole.pixels, PICTURE_WIDTH * PICTURE_HEIGHT * 3);
    changed[HEADER_END + 10] ^= 1;
    assert_refused(png_decode, changed, length + size, "CRC error");
    free(changed);

    changed = insert_bytes(bytes, length, length, "after the end", 13);
    assert_int_equal(decode_copy(png_decode, changed, length + 13, &image), STATUS_OK);
    free(changed);

    size = write_chunk(chunk, "ABCD", "", 0); /* a critical chunk that nobody knows */
    changed = insert_bytes(bytes, length, HEADER_END, chunk, size);
    assert_refused(png_decode, changed, length + size, "PNG: ");
    free(changed);

    assert_int_equal(stderr_restore(kept, file), 0);
    image_free(&whole);
    image_free(&image);
    free(bytes);
}

/* rgb8.png with another size in its header. */
static void assert_size_refused(uint32_t width, uint32_t height, const char *words) {
    size_t length;
    uint8_t *bytes = image_file("rgb8.png", &length);
    uint8_t header[13];
    memcpy(header, bytes + 16, sizeof header);
    write_number(header, width);
    write_number(header + 4, height);
    write_chunk(bytes + 8, "IHDR", header, sizeof header);
    assert_refused(png_decode, bytes, length, words);
    free(bytes);
}

static void test_sizes(void **state) {
    (void)state;
    FILE *file;
    int kept = stderr_redirect(&file);
    assert_size_refused(20000, 20000, "20000 x 20000 pixels are more than the 268435456 accepted");
    assert_size_refused(0, 5, "PNG: ");
    assert_size_refused(1000001, 1, "PNG: ");
    assert_size_refused(UINT32_MAX, UINT32_MAX, "PNG: ");
    assert_size_refused(PICTURE_WIDTH, PICTURE_HEIGHT + 1, "PNG: "); /* a row too few */
    assert_int_equal(stderr_restore(kept, file), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_changed_bits), cmocka_unit_test(test_other_chunks),
        cmocka_unit_test(test_sizes)};
    return RUN_TESTS(tests);
}
