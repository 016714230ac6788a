/* JPEG: OpenCV's pixels for every form, and a reason for every loss of data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_files.h"
#include "unit.h"

#include <jpeglib.h>

/* Releases of libjpeg-turbo may differ by a level. */
enum { TOLERANCE = 1 };

static void test_forms(void **state) {
    (void)state;
    const char *names[] = {"baseline", "full_chroma", "progressive", "restart",
                           "gray",     "cmyk",        "ycck"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_decodes(jpeg_decode, names[i], "jpg", TOLERANCE);
}

/* Cut anywhere it is refused, unless only the end marker is missing: then no pixel is. */
static void test_truncated(void **state) {
    (void)state;
    const char *names[] = {"baseline.jpg", "progressive.jpg", "restart.jpg", "gray.jpg",
                           "cmyk.jpg"};
    FILE *file;
    int kept = stderr_redirect(&file);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length;
        uint8_t *bytes = image_file(names[i], &length);
        struct image whole = {0}, cut = {0};
        assert_int_equal(jpeg_decode(bytes, length, &whole), STATUS_OK);
        size_t size = (size_t)whole.width * whole.height * 3;
        for (size_t n = 0; n < length; n++) {
            enum status status = decode_copy(jpeg_decode, bytes, n, &cut);
            if (n + 2 < length) {
                assert_int_equal(status, STATUS_BAD_INPUT);
                assert_non_null(strstr(status_message(), "truncated JPEG"));
            } else {
                assert_int_equal(status, STATUS_OK);
                assert_memory_equal(cut.pixels, whole.pixels, size);
            }
        }
        image_free(&whole);
        image_free(&cut);
        free(bytes);
    }
    assert_int_equal(stderr_restore(kept, file), 0);
}

/* A progressive file that ends after one of its scans is whole as far as it goes, yet truncated. */
static void test_scans_missing(void **state) {
    (void)state;
    size_t length, scans = 0;
    uint8_t *bytes = image_file("progressive.jpg", &length);
    for (size_t at = 2; at + 4 < length; at++) {
        if (bytes[at] != 0xFF || bytes[at + 1] != 0xDA)
            continue;
        if (scans > 0)
            assert_refused(jpeg_decode, bytes, at, "scans are missing");
        scans++;
    }
    assert_true(scans > 5);
    free(bytes);
}

static void test_harmless(void **state) {
    (void)state;
    size_t length;
    uint8_t *bytes = image_file("baseline.jpg", &length);
    struct image whole = {0}, image = {0};
    assert_int_equal(jpeg_decode(bytes, length, &whole), STATUS_OK);
    size_t size = (size_t)whole.width * whole.height * 3;
    FILE *file;
    int kept = stderr_redirect(&file);

    size_t table = find_bytes(bytes, length, "\xFF\xDB", 2);
    uint8_t *changed = insert_bytes(bytes, length, table, "abc", 3);
    assert_int_equal(decode_copy(jpeg_decode, changed, length + 3, &image), STATUS_OK);
    assert_memory_equal(image.pixels, whole.pixels, size);
    free(changed);

    changed = insert_bytes(bytes, length, length, "after the end", 13);
    changed[find_bytes(bytes, length, "JFIF", 4) + 5] = 9; /* an unknown version */
    assert_int_equal(decode_copy(jpeg_decode, changed, length + 13, &image), STATUS_OK);
    assert_memory_equal(image.pixels, whole.pixels, size);
    free(changed);

    assert_int_equal(stderr_restore(kept, file), 0);
    image_free(&whole);
    image_free(&image);
    free(bytes);
}

static void test_damaged(void **state) {
    (void)state;
    size_t length;
    uint8_t *bytes = image_file("baseline.jpg", &length);
    size_t frame = find_bytes(bytes, length, "\xFF\xC0", 2);
    size_t scan = find_bytes(bytes, length, "\xFF\xDA", 2);
    uint8_t *changed = malloc(length);
    assert_non_null(changed);
    FILE *file;
    int kept = stderr_redirect(&file);

    memcpy(changed, bytes, length); /* an end marker in the middle of the scan */
    memcpy(changed + scan + 40, "\xFF\xD9", 2);
    assert_refused(jpeg_decode, changed, length, "premature end of data segment");

    memcpy(changed, bytes, length); /* no Huffman code is all ones */
    for (size_t i = scan + 20; i + 2 < length; i += 2)
        memcpy(changed + i, "\xFF\x00", 2);
    assert_refused(jpeg_decode, changed, length, "bad Huffman code");

    memcpy(changed, bytes, length);
    memset(changed + frame + 5, 0xFE, 4);
    assert_refused(jpeg_decode, changed, length, "65278 x 65278 pixels are more than");

    memcpy(changed, bytes, length);
    memset(changed + frame + 5, 0xFF, 4);
    assert_refused(jpeg_decode, changed, length, "JPEG: Maximum supported image dimension");

    memcpy(changed, bytes, length);
    memset(changed + frame + 7, 0, 2);
    assert_refused(jpeg_decode, changed, length, "JPEG: Empty");

    memcpy(changed, bytes, length);
    changed[frame + 4] = 12;
    assert_refused(jpeg_decode, changed, length, "precision");
    assert_refused(jpeg_decode, (const uint8_t *)"", 0, "JPEG: ");
    assert_refused(jpeg_decode, (const uint8_t *)"GIF89a", 6, "Not a JPEG file");

    assert_int_equal(stderr_restore(kept, file), 0);
    free(changed);
    free(bytes);
}

/* 8 x 40 gray pixels whose one DC scan of a byte stands `scans` times; the caller frees it. Where
 * there are fewer rows libjpeg-turbo 2.1.2 fails at smoothing them. */
static uint8_t *many_scans(size_t scans, size_t *length) {
    static const uint8_t head[] = {
        0xFF, 0xD8, 0xFF, 0xC2, 0, 11, 8, 0, 40, 0, 8, 1, 1, 0x11, 0, /* frame, progressive */
        0xFF, 0xC4, 0,    20,   0, 1,  0, 0, 0,  0, 0, 0, 0, 0,    0,
        0,    0,    0,    0,    0, 0,  0, /* Huffman table: one code */
        0xFF, 0xDB, 0,    67,   0};       /* quantisation, 64 ones follow */
    static const uint8_t scan[] = {0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, 0x07};
    *length = sizeof head + 64 + scans * sizeof scan + 2;
    uint8_t *bytes = malloc(*length);
    assert_non_null(bytes);
    memcpy(bytes, head, sizeof head);
    memset(bytes + sizeof head, 1, 64);
    for (size_t i = 0; i < scans; i++)
        memcpy(bytes + sizeof head + 64 + i * sizeof scan, scan, sizeof scan);
    memcpy(bytes + *length - 2, "\xFF\xD9", 2);
    return bytes;
}

static void test_scan_limit(void **state) {
    (void)state;
    size_t length;
    struct image image = {0};
    uint8_t *bytes = many_scans(1000, &length);
    assert_int_equal(decode_copy(jpeg_decode, bytes, length, &image), STATUS_OK);
    assert_int_equal(image.pixels[0], 128);
    free(bytes);
    bytes = many_scans(1001, &length);
    assert_refused(jpeg_decode, bytes, length, "more than 1000 scans");
    free(bytes);
    image_free(&image);
}

/* Scans of a large picture may go through its pixels twelve times; of a smaller one more often. */
static void test_scan_work(void **state) {
    (void)state;
    static const struct {
        size_t side, scans;
        bool good;
    } cases[] = {{9600, 13, false}, {2400, 13, true}};
    for (size_t k = 0; k < 2; k++) {
        size_t side = cases[k].side, scans = cases[k].scans;
        size_t length, data = side / 8 * (side / 8) / 8;
        uint8_t *small = many_scans(1, &length);
        size_t head = length - 13, all = head + scans * (10 + data) + 2;
        uint8_t *bytes = calloc(all, 1), *at = bytes + head;
        assert_non_null(bytes);
        memcpy(bytes, small, head);
        uint8_t *size = bytes + find_bytes(bytes, head, "\x0b\x08\x00\x28\x00\x08", 6) + 2;
        size[0] = size[2] = (uint8_t)(side >> 8);
        size[1] = size[3] = (uint8_t)side;
        for (size_t i = 0; i < scans; i++, at += 10 + data)
            memcpy(at, small + head, 10);
        memcpy(at, "\xFF\xD9", 2);
        struct image image = {0};
        if (cases[k].good)
            assert_int_equal(jpeg_decode(bytes, all, &image), STATUS_OK);
        else
            assert_refused(jpeg_decode, bytes, all, "all pixels more than 12 times");
        image_free(&image);
        free(bytes);
        free(small);
    }
}

/* A picture of noise in several scans, progressive or one for each component; returns its bytes,
 * which the caller frees. */
static unsigned char *encode(JDIMENSION width, JDIMENSION height, int components, int chroma,
                             bool progressive, unsigned long *length) {
    static const jpeg_scan_info one_each[] = {
        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    JSAMPLE row[3 * 320];
    uint32_t random = width * 31 + height;
    *length = 0;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &bytes, length);
    info.image_width = width;
    info.image_height = height;
    info.input_components = components;
    info.in_color_space = components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = chroma;
    if (progressive) {
        jpeg_simple_progression(&info);
    } else {
        info.scan_info = one_each;
        info.num_scans = components;
    }
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < height) {
        for (size_t i = 0; i < (size_t)width * (size_t)components; i++) {
            random = random * 1664525 + 1013904223;
            row[i] = (JSAMPLE)(random >> 24);
        }
        jpeg_write_scanlines(&info, &(JSAMPROW){row}, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return bytes;
}

/* What libjpeg needs whatever the picture's size counts most where the picture is small. */
static void test_several_scans_of_any_size(void **state) {
    (void)state;
    static const struct {
        int components, chroma;
        bool progressive;
    } forms[] = {{1, 1, true},  {3, 1, true},  {3, 2, true},
                 {1, 1, false}, {3, 1, false}, {3, 2, false}};
    for (JDIMENSION side = 1; side <= 300; side += side < 40 ? 1 : 13)
        for (JDIMENSION other = side; other <= 320; other += 1 + other / 3)
            for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
                unsigned long length;
                struct image image = {0};
                unsigned char *bytes = encode(side, other, forms[i].components, forms[i].chroma,
                                              forms[i].progressive, &length);
                if (jpeg_decode(bytes, length, &image) != STATUS_OK)
                    fail_msg("form %zu, %u x %u: %s", i, side, other, status_message());
                assert_int_equal(image.width, side);
                assert_int_equal(image.height, other);
                image_free(&image);
                free(bytes);
            }
}

/* Whatever is in the file, the answer is a picture of sound size or a reason. */
static void test_random_changes(void **state) {
    (void)state;
    const char *names[] = {"baseline.jpg", "progressive.jpg", "restart.jpg", "ycck.jpg"};
    uint32_t random = 1;
    size_t refused = 0;
    struct image image = {0};
    for (size_t round = 0; round < 2000; round++) {
        size_t length;
        uint8_t *bytes = image_file(names[round % 4], &length);
        for (int i = 0; i < 3; i++) {
            random = random * 1664525 + 1013904223;
            bytes[(random >> 8) % length] ^= (uint8_t)(1 << (random & 7));
        }
        /* Sides stay small, for speed. */
        uint8_t *frame = memmem(bytes, length, "\0\x15\0\x25", 4);
        if (frame) {
            enum status status = decode_copy(jpeg_decode, bytes, length, &image);
            assert_true(status == STATUS_OK || status == STATUS_BAD_INPUT);
            if (status == STATUS_OK)
                assert_true(image.capacity >= (size_t)image.width * image.height * 3);
            refused += status != STATUS_OK;
        }
        free(bytes);
    }
    assert_true(refused > 100);
    image_free(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),         cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_scans_missing), cmocka_unit_test(test_harmless),
        cmocka_unit_test(test_damaged),       cmocka_unit_test(test_scan_limit),
        cmocka_unit_test(test_scan_work),     cmocka_unit_test(test_several_scans_of_any_size),
        cmocka_unit_test(test_random_changes)};
    return RUN_TESTS(tests);
}
