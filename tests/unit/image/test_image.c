/* Reading picture files: what is not one is refused with its reason, and a struct is reused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_files.h"
#include "unit.h"

static void assert_unreadable(const char *path, const char *words) {
    struct image image = {0};
    assert_int_equal(image_read(path, &image), STATUS_BAD_INPUT);
    if (!strstr(status_message(), words))
        fail_msg("%s: \"%s\" does not say \"%s\"", path, status_message(), words);
    assert_null(strstr(status_message(), path));
    image_free(&image);
}

static void test_not_pictures(void **state) {
    (void)state;
    char *folder = temp_folder_make(NULL);
    assert_unreadable(below(folder, "absent.jpg"), "No such file");
    assert_unreadable(folder, "a folder, not a file");

    file_make(below(folder, "empty.jpg"), "");
    assert_unreadable(below(folder, "empty.jpg"), "an empty file");
    const char *others[] = {"some text", "GIF89a.....", "RIFF....WAVEfmt ",
                            "B",         "\xFF\xD8",    "\x89PNG\r\n"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        file_make(below(folder, "other.png"), others[i]);
        assert_unreadable(below(folder, "other.png"),
                          "not a JPEG or PNG or BMP or WebP or TIFF or AVIF or HEIC file");
    }

    static const struct {
        const char *bytes, *words;
    } begun[] = {{"RIFF....WEBPVP8 ", "WebP"}, {"BM......", "truncated BMP"}};
    for (size_t i = 0; i < sizeof begun / sizeof *begun; i++) {
        file_make(below(folder, "begun.png"), begun[i].bytes);
        assert_unreadable(below(folder, "begun.png"), begun[i].words);
    }

    assert_int_equal(mkfifo(below(folder, "pipe.jpg"), 0600), 0);
    assert_unreadable(below(folder, "pipe.jpg"), "not a regular file");
    assert_int_equal(symlink("nowhere", below(folder, "link.jpg")), 0);
    assert_unreadable(below(folder, "link.jpg"), "No such file");
    assert_unreadable("/dev/null", "not a regular file");

    const char *large = below(folder, "large.jpg"); /* a hole: takes no space */
    file_make(large, "x");
    assert_int_equal(truncate(large, (off_t)IMAGE_MAX_FILE_BYTES + 1), 0);
    assert_unreadable(large, "1073741825 bytes, more than");
    temp_folder_remove(folder);
}

static void test_no_permission(void **state) {
    (void)state;
    enum { NOBODY = 65534 };
    const uid_t user = geteuid();
    char *folder = temp_folder_make(NULL);
    file_make(below(folder, "a.jpg"), "x");
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(below(folder, "a.jpg"), 0), 0);
    if (user == 0) /* who may read every file */
        assert_int_equal(seteuid(NOBODY), 0);
    assert_unreadable(below(folder, "a.jpg"), "Permission denied");
    assert_int_equal(seteuid(user), 0);
    temp_folder_remove(folder);
}

/* One struct reads pictures of both kinds, failures between them, the suffix without meaning. */
static void test_reuse(void **state) {
    (void)state;
    char *folder = temp_folder_make(NULL);
    size_t length;
    uint8_t *png = image_file("rgb8.png", &length);
    const char *misnamed = below(folder, "a.jpg"), *cut = below(folder, "cut.png");
    file_make_bytes(misnamed, png, length);
    file_make_bytes(cut, png, length / 2);
    uint8_t *expected = image_file("rgb8.rgb", &length);

    struct image image = {0};
    for (int round = 0; round < 3; round++) {
        assert_int_equal(image_read(misnamed, &image), STATUS_OK);
        assert_int_equal(image.width, PICTURE_WIDTH);
        assert_memory_equal(image.pixels, expected, length);
        assert_int_equal(image_read(cut, &image), STATUS_BAD_INPUT);
        assert_string_equal(status_message(), "truncated PNG: the file ends early");
        assert_int_equal(image_read(below(folder, "absent"), &image), STATUS_BAD_INPUT);
        assert_int_equal(image_read("tests/data/images/gray.jpg", &image), STATUS_OK);
        assert_int_equal(image.height, PICTURE_HEIGHT);
    }
    image_free(&image);
    free(png);
    free(expected);
    temp_folder_remove(folder);
}

/* image_read turns upright: baseline.jpg with an Exif segment of orientation 6. */
static void test_upright(void **state) {
    (void)state;
    static const uint8_t exif[] = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,    'M', 'M',
                                   0,    42,   0, 0,  0,   8,   0,   1,   1, 0x12, 0,   3,
                                   0,    0,    0, 1,  0,   6,   0,   0,   0, 0,    0,   0};
    char *folder = temp_folder_make(NULL);
    size_t length;
    uint8_t *stored = image_file("baseline.jpg", &length);
    uint8_t *tagged = insert_bytes(stored, length, 2, exif, sizeof exif);
    file_make_bytes(below(folder, "a.jpg"), tagged, length + sizeof exif);

    struct image plain = {0}, upright = {0};
    assert_int_equal(jpeg_decode(stored, length, &plain), STATUS_OK);
    assert_int_equal(image_read(below(folder, "a.jpg"), &upright), STATUS_OK);
    assert_int_equal(upright.width, PICTURE_HEIGHT);
    assert_int_equal(upright.height, PICTURE_WIDTH);
    for (size_t y = 0; y < PICTURE_HEIGHT; y++) {
        for (size_t x = 0; x < PICTURE_WIDTH; x++) {
            size_t to = x * PICTURE_HEIGHT + PICTURE_HEIGHT - 1 - y;
            assert_memory_equal(upright.pixels + 3 * to, plain.pixels + 3 * (y * PICTURE_WIDTH + x),
                                3);
        }
    }
    image_free(&plain);
    image_free(&upright);
    free(stored);
    free(tagged);
    temp_folder_remove(folder);
}

static void test_buffer(void **state) {
    (void)state;
    struct image image = {0};
    assert_int_equal(image_resize_buffer(&image, 10, 20), STATUS_OK);
    assert_int_equal(image.capacity, 600);
    const uint8_t *kept = image.pixels;
    assert_int_equal(image_resize_buffer(&image, 2, 3), STATUS_OK);
    assert_ptr_equal(image.pixels, kept);
    assert_int_equal(image_resize_buffer(&image, 0, 3), STATUS_BAD_INPUT);
    assert_int_equal(image_resize_buffer(&image, 65536, 65536), STATUS_BAD_INPUT);
    assert_int_equal(image_resize_buffer(&image, UINT32_MAX, UINT32_MAX), STATUS_BAD_INPUT);
    assert_int_equal(image_resize_buffer(&image, 10000, 10000), STATUS_OK);
    assert_int_equal(image.capacity, 300000000);
    assert_int_equal(image_resize_buffer(&image, 100, 100), STATUS_OK); /* gives it back */
    assert_int_equal(image.capacity, 30000);
    image_free(&image);
    assert_null(image.pixels);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_not_pictures),
                                       cmocka_unit_test(test_no_permission),
                                       cmocka_unit_test(test_reuse), cmocka_unit_test(test_upright),
                                       cmocka_unit_test(test_buffer)};
    return RUN_TESTS(tests);
}
