/* The pictures of tests/data/images and what was made of them. Include after cmocka.h. */
#ifndef TESTS_IMAGE_FILES_H
#define TESTS_IMAGE_FILES_H

#include <inttypes.h>

#include "image/image.h"
#include "temp_folder.h"

enum { PICTURE_WIDTH = 37, PICTURE_HEIGHT = 21 };

typedef enum status decoder(const uint8_t *bytes, size_t length, struct image *image);

/* A file of tests/data/images; the caller frees it. */
static inline uint8_t *image_file(const char *name, size_t *length) {
    char path[256];
    snprintf(path, sizeof path, "tests/data/images/%s", name);
    return (uint8_t *)file_get(path, length);
}

/* The largest difference between two pictures' bytes. */
static inline int largest_difference(const uint8_t *a, const uint8_t *b, size_t length) {
    int largest = 0;
    for (size_t i = 0; i < length; i++) {
        int difference = abs(a[i] - b[i]);
        if (difference > largest)
            largest = difference;
    }
    return largest;
}

/* Decodes from an exact copy on the heap, so that a sanitizer sees a read past the end. */
static inline enum status decode_copy(decoder *decode, const uint8_t *bytes, size_t length,
                                      struct image *image) {
    uint8_t *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    enum status status = decode(copy, length, image);
    free(copy);
    return status;
}

/* name.suffix decodes to the pixels of name.rgb, with at most `tolerance` levels between. */
static inline void assert_decodes(decoder *decode, const char *name, const char *suffix,
                                  int tolerance) {
    char file[64];
    size_t length, expected_length;
    snprintf(file, sizeof file, "%s.%s", name, suffix);
    uint8_t *bytes = image_file(file, &length);
    snprintf(file, sizeof file, "%s.rgb", name);
    uint8_t *expected = image_file(file, &expected_length);
    struct image image = {0};
    if (decode_copy(decode, bytes, length, &image) != STATUS_OK)
        fail_msg("%s.%s: %s", name, suffix, status_message());
    assert_int_equal(image.width, PICTURE_WIDTH);
    assert_int_equal(image.height, PICTURE_HEIGHT);
    assert_int_equal(expected_length, PICTURE_WIDTH * PICTURE_HEIGHT * 3);
    int difference = largest_difference(image.pixels, expected, expected_length);
    if (difference > tolerance)
        fail_msg("%s.%s: differs by %d levels", name, suffix, difference);
    image_free(&image);
    free(bytes);
    free(expected);
}

/* These bytes are refused with a reason in which `words` stand. */
static inline void assert_refused(decoder *decode, const uint8_t *bytes, size_t length,
                                  const char *words) {
    struct image image = {0};
    assert_int_equal(decode_copy(decode, bytes, length, &image), STATUS_BAD_INPUT);
    if (!strstr(status_message(), words))
        fail_msg("\"%s\" does not say \"%s\"", status_message(), words);
    image_free(&image);
}

/* Where `needle` begins in the bytes; the test fails where it does not stand there. */
static inline size_t find_bytes(const uint8_t *bytes, size_t length, const void *needle,
                                size_t needle_length) {
    const uint8_t *found = memmem(bytes, length, needle, needle_length);
    assert_non_null(found);
    return (size_t)(found - bytes);
}

/* Puts `count` bytes into a copy of others at `at`; the caller frees it. */
static inline uint8_t *insert_bytes(const uint8_t *bytes, size_t length, size_t at,
                                    const void *inserted, size_t count) {
    uint8_t *longer = malloc(length + count);
    assert_non_null(longer);
    memcpy(longer, bytes, at);
    memcpy(longer + at, inserted, count);
    memcpy(longer + at + count, bytes + at, length - at);
    return longer;
}

/* Sends stderr to a file until `stderr_restore`, which returns how many bytes came. */
static inline int stderr_redirect(FILE **file) {
    fflush(stderr);
    int kept = dup(STDERR_FILENO);
    *file = tmpfile();
    assert_true(kept >= 0);
    assert_non_null(*file);
    assert_true(dup2(fileno(*file), STDERR_FILENO) >= 0);
    return kept;
}

static inline long stderr_restore(int kept, FILE *file) {
    fflush(stderr);
    long written = (long)lseek(fileno(file), 0, SEEK_END);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    fclose(file);
    return written;
}

#endif
