/* PyTorch files whose archive lies, and files cut short or changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "torch_hostile.h"
#include "unit.h"

static const struct made_tensor honest = {"FloatStorage", "0", 4, 0, 2, 2, {2, 2}, {2, 1}};

enum archive_lie {
    LIE_COMPRESSED,
    LIE_ENCRYPTED,
    LIE_CHECKSUM_OF_PICKLE,
    LIE_CHECKSUM_OF_STORAGE,
    LIE_LARGE_STORAGE,
    LIE_HUGE_STORAGE,
    LIE_TWICE,
    LIE_SAME_PLACE,
    LIE_QUOTED,
    LIE_NO_PICKLE,
    LIE_TWO_PICKLES,
    LIE_BIG_ENDIAN,
    LIE_LONG_ORDER,
    LIE_TORCHSCRIPT,
    LIE_CONTROL_CHARACTERS,
    LIE_EMPTY,
    LIE_DIRECTORY_CUT,
    LIE_COUNT,
    N_LIES
};

/* Before an encrypted entry's bytes. */
enum { ENCRYPTION_HEADER_BYTES = 12 };

static void make_lying_archive(struct zip_maker *zip, const struct text *pickle,
                               enum archive_lie lie) {
    const char storage[16] = {0};
    struct zip_maker inner = {0};
    zip->crc_flip = lie == LIE_CHECKSUM_OF_PICKLE;
    zip->method = lie == LIE_COMPRESSED ? 8 : 0;
    if (lie != LIE_NO_PICKLE && lie != LIE_EMPTY)
        zip_add(zip, "m/data.pkl", pickle->data, pickle->length);
    if (lie == LIE_TWO_PICKLES)
        zip_add(zip, "n/data.pkl", pickle->data, pickle->length);
    zip->method = 0;
    zip->flags = lie == LIE_ENCRYPTED;
    zip->packed_added = lie == LIE_ENCRYPTED ? ENCRYPTION_HEADER_BYTES : 0;
    zip->crc_flip = lie == LIE_CHECKSUM_OF_STORAGE;
    zip->size_added = lie == LIE_LARGE_STORAGE ? 8 : lie == LIE_HUGE_STORAGE ? 1 << 30 : 0;
    if (lie != LIE_EMPTY)
        zip_add(zip, "m/data/0", storage, sizeof storage);
    zip->flags = zip->crc_flip = 0;
    zip->packed_added = zip->size_added = 0;
    switch (lie) {
    case LIE_TWICE:
        zip_add(zip, "m/data/0", storage, sizeof storage);
        break;
    case LIE_SAME_PLACE:
        zip_list(zip, "m/data/1", storage, sizeof storage, 0);
        break;
    case LIE_QUOTED: { /* an entry whose bytes are another entry */
        zip_add(&inner, "m/data/1", storage, sizeof storage);
        zip_list(zip, "m/data/1", storage, sizeof storage,
                 zip->bytes.length + strlen("m/data/2") + 30);
        zip_add(zip, "m/data/2", inner.bytes.data, inner.bytes.length);
        zip_free(&inner);
        break;
    }
    case LIE_BIG_ENDIAN:
        zip_add(zip, "m/byteorder", "big", 3);
        break;
    case LIE_LONG_ORDER:
        zip_add(zip, "m/byteorder", "little endian", 13);
        break;
    case LIE_TORCHSCRIPT:
        zip_add(zip, "m/constants.pkl", ").", 2);
        break;
    case LIE_CONTROL_CHARACTERS:
        zip_add(zip, "m/data/\033[2J", storage, sizeof storage);
        break;
    case LIE_DIRECTORY_CUT:
        zip->directory.length -= 4;
        break;
    case LIE_COUNT:
        zip->count += 3;
        break;
    default:
        break;
    }
    zip_end(zip);
}

static void refuses_lying_archives(void **state) {
    const struct place *place = *state;
    const char *const parts[N_LIES] = {
        [LIE_COMPRESSED] = "'m/data.pkl' of its archive is compressed",
        [LIE_ENCRYPTED] = "'m/data/0' of its archive is encrypted",
        [LIE_CHECKSUM_OF_PICKLE] = "CRC",
        [LIE_CHECKSUM_OF_STORAGE] = "CRC",
        [LIE_LARGE_STORAGE] = "",
        [LIE_HUGE_STORAGE] = "",
        [LIE_TWICE] = "is twice in its zip archive",
        [LIE_SAME_PLACE] = "damaged",
        [LIE_QUOTED] = "overlaps with another",
        [LIE_NO_PICKLE] = "without data.pkl",
        [LIE_TWO_PICKLES] = "more than one data.pkl",
        [LIE_BIG_ENDIAN] = "byte order is 'big'",
        [LIE_LONG_ORDER] = "byte order is not known",
        [LIE_TORCHSCRIPT] = "TorchScript",
        [LIE_CONTROL_CHARACTERS] = "no sane name",
        [LIE_EMPTY] = "not a file of PyTorch's",
        [LIE_DIRECTORY_CUT] = "damaged",
        [LIE_COUNT] = "",
    };
    struct text pickle = {0};
    pickle_model(&pickle, &honest);
    for (enum archive_lie lie = 0; lie < N_LIES; lie++) {
        struct zip_maker zip = {0};
        make_lying_archive(&zip, &pickle, lie);
        expect_refused(place->path, zip.bytes.data, zip.bytes.length, parts[lie]);
        zip_free(&zip);
    }
    text_free(&pickle);
}

static void refuses_other_files(void **state) {
    const struct place *place = *state;
    struct torch_file *file;
    expect_refused(place->path, "", 0, "not a file of PyTorch's");
    expect_refused(place->path, "PK\3\4", 4, "zip archive");
    expect_refused(place->path, "\x80\x02}.", 4, "not a file of PyTorch's");
    expect_refused(place->path, "#!/bin/sh\necho\n", 15, "not a file of PyTorch's");
    assert_int_equal(torch_file_open(below(place->folder, "absent"), &file), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "cannot be opened"));
    assert_int_equal(torch_file_open(place->folder, &file), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "not a regular file"));
    torch_file_close(NULL);
}

/* One byte of the file of the old layout becomes another. */
static void expect_change_refused(const char *path, size_t at, char byte, const char *part) {
    const char storage[16] = {0};
    struct text pickle = {0}, old = {0};
    pickle_model(&pickle, &honest);
    old_model(&old, &pickle, storage, sizeof storage, 4);
    old.data[at < old.length ? at : old.length - sizeof storage - 1] = byte;
    expect_refused(path, old.data, old.length, part);
    text_free(&pickle);
    text_free(&old);
}

static void refuses_old_headers(void **state) {
    const struct place *place = *state;
    const size_t version = 18, little = 21 + 3 + 5 + strlen("little_endian"), elements = SIZE_MAX;
    expect_change_refused(place->path, 0, '\x81', "not a file of PyTorch's");
    expect_change_refused(place->path, 5, '\0', "not a file of PyTorch's");
    expect_change_refused(place->path, version, '\xea', "version");
    expect_change_refused(place->path, little, '\x89', "byte order");
    expect_change_refused(place->path, little, 'N', "byte order");
    expect_change_refused(place->path, elements, '\x01', "storage's size is wrong");
    expect_change_refused(place->path, elements, '\x7f', "storage's size is wrong");
}

/* Cut short anywhere, a file of either layout is refused. */
static void refuses_cut_files(void **state) {
    const struct place *place = *state;
    struct text pickle = {0}, old = {0};
    struct zip_maker zip = {0};
    char storage[16] = {0};
    pickle_model(&pickle, &honest);
    zip_model(&zip, &pickle, storage, sizeof storage);
    old_model(&old, &pickle, storage, sizeof storage, 4);
    for (size_t length = 0; length < zip.bytes.length; length++)
        expect_refused(place->path, zip.bytes.data, length, "");
    for (size_t length = 0; length < old.length; length++)
        expect_refused(place->path, old.data, length, "");
    file_make_bytes(place->path, zip.bytes.data, zip.bytes.length);
    assert_int_equal(read_all(place->path), STATUS_OK);
    file_make_bytes(place->path, old.data, old.length);
    assert_int_equal(read_all(place->path), STATUS_OK);
    text_free(&pickle);
    text_free(&old);
    zip_free(&zip);
}

/* A number that is the same on every run. */
static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* One to three bits changed. */
static void survives_changed_files(void **state) {
    const struct place *place = *state;
    enum { CHANGES = 600 };
    uint32_t seed = 1;
    struct text pickle = {0}, old = {0};
    struct zip_maker zip = {0};
    char storage[16] = {0};
    size_t refused = 0;
    pickle_model(&pickle, &honest);
    zip_model(&zip, &pickle, storage, sizeof storage);
    old_model(&old, &pickle, storage, sizeof storage, 4);
    for (size_t i = 0; i < 2 * CHANGES; i++) {
        const struct text *text = i % 2 ? &old : &zip.bytes;
        char *bytes = malloc(text->length);
        assert_non_null(bytes);
        memcpy(bytes, text->data, text->length);
        for (size_t n = 1 + i % 3; n > 0; n--)
            bytes[next_random(&seed) % text->length] ^= (char)(1u << next_random(&seed) % 8);
        refused += survive(place->path, bytes, text->length) == STATUS_BAD_INPUT;
        free(bytes);
    }
    assert_true(refused > CHANGES);
    text_free(&pickle);
    text_free(&old);
    zip_free(&zip);
}

/* The same with a file that PyTorch wrote. */
static void refuses_a_damaged_fixture(void **state) {
    const struct place *place = *state;
    uint32_t seed = 7;
    size_t length;
    char path[FIXTURE_PATH];
    FIXTURE("zoo/yolov8.pt", path);
    char *bytes = file_get(path, &length);
    for (size_t i = 0; i < 64; i++)
        expect_refused(place->path, bytes, i * length / 64, "");
    for (size_t i = 0; i < 100; i++) {
        const size_t at = next_random(&seed) % length;
        bytes[at] ^= 1;
        survive(place->path, bytes, length);
        bytes[at] ^= 1;
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(refuses_lying_archives), TEST(refuses_other_files),    TEST(refuses_old_headers),
        TEST(refuses_cut_files),      TEST(survives_changed_files), TEST(refuses_a_damaged_fixture),
    };
    return RUN_TESTS(tests);
}
