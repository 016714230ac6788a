/* What AVIF and HEIC files have in common. Include after cmocka.h. */
#ifndef TESTS_HEIF_CASE_H
#define TESTS_HEIF_CASE_H

#include "image_files.h"

/* prefix_NAME.suffix shows the pixels of its .rgb, upright, as image_read has them. */
static inline void assert_reads(const char *prefix, const char *name, const char *suffix,
                                int tolerance) {
    char path[256], pixels[64];
    struct image image = {0};
    size_t length;
    snprintf(path, sizeof path, "tests/data/images/%s_%s.%s", prefix, name, suffix);
    if (image_read(path, &image) != STATUS_OK)
        fail_msg("%s: %s", path, status_message());
    snprintf(pixels, sizeof pixels, "%s_%s.rgb", prefix, name);
    uint8_t *expected = image_file(pixels, &length);
    assert_int_equal(image.width, PICTURE_WIDTH);
    assert_int_equal(image.height, PICTURE_HEIGHT);
    assert_int_equal(length, PICTURE_WIDTH * PICTURE_HEIGHT * 3);
    int difference = largest_difference(image.pixels, expected, length);
    if (difference > tolerance)
        fail_msg("%s_%s.%s: differs by %d levels", prefix, name, suffix, difference);
    image_free(&image);
    free(expected);
}

/* All eight, of a picture that is the same when upright. */
static inline void assert_upright(const char *prefix, const char *suffix, int tolerance) {
    for (int orientation = 1; orientation <= 8; orientation++) {
        char name[32];
        snprintf(name, sizeof name, "turned%d", orientation);
        assert_reads(prefix, name, suffix, tolerance);
    }
}

/* Each file that ends too early is refused, and nothing is printed. */
static inline void assert_cut_refused(decoder *decode, const char *name, size_t from,
                                      const char *words) {
    FILE *file;
    size_t length;
    uint8_t *bytes = image_file(name, &length);
    int kept = stderr_redirect(&file);
    for (size_t n = from; n < length; n++)
        assert_refused(decode, bytes, n, words);
    assert_int_equal(stderr_restore(kept, file), 0);
    free(bytes);
}

/* Decodes without the codec's own words on the screen. */
static inline enum status decode_quietly(decoder *decode, const uint8_t *bytes, size_t length,
                                         struct image *image) {
    FILE *file;
    int kept = stderr_redirect(&file);
    enum status status = decode_copy(decode, bytes, length, image);
    stderr_restore(kept, file);
    return status;
}

/* Whatever single bytes become, a picture comes out or a reason. */
static inline void assert_damage_borne(decoder *decode, const char *name) {
    size_t length;
    uint8_t *bytes = image_file(name, &length);
    for (size_t i = 0; i < length; i++) {
        struct image image = {0};
        uint8_t was = bytes[i];
        bytes[i] ^= (uint8_t)(1 + i * 37 % 255);
        enum status status = decode_quietly(decode, bytes, length, &image);
        bytes[i] = was;
        if (status == STATUS_OK)
            assert_true(image.width > 0 && image.height > 0 && image.pixels);
        else if (status != STATUS_BAD_INPUT || !*status_message())
            fail_msg("byte %zu: %s", i, status_message());
        image_free(&image);
    }
    free(bytes);
}

/* The size that the file announces, of all its parts, is another one. */
static inline uint8_t *announce_size(const char *name, uint32_t width, uint32_t height,
                                     size_t *length) {
    uint8_t *bytes = image_file(name, length);
    size_t count = 0;
    for (size_t at = 0; at + 16 <= *length; at++) {
        if (memcmp(bytes + at, "ispe", 4) != 0)
            continue;
        for (int i = 0; i < 4; i++) {
            bytes[at + 8 + (size_t)i] = (uint8_t)(width >> (24 - 8 * i));
            bytes[at + 12 + (size_t)i] = (uint8_t)(height >> (24 - 8 * i));
        }
        count++;
    }
    assert_true(count > 0);
    return bytes;
}

static inline void assert_size_refused(decoder *decode, const char *name, uint32_t width,
                                       uint32_t height, const char *words) {
    size_t length;
    struct image image = {0};
    uint8_t *bytes = announce_size(name, width, height, &length);
    assert_int_equal(decode_quietly(decode, bytes, length, &image), STATUS_BAD_INPUT);
    if (!strstr(status_message(), words))
        fail_msg("%s as %u x %u: \"%s\" does not say \"%s\"", name, width, height, status_message(),
                 words);
    image_free(&image);
    free(bytes);
}

#endif
