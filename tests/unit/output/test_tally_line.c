/* One image's part of the tally as text: written, counted again in any order, refused if damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output/tally.h"
#include "result_fixture.h"
#include "unit.h"

static void test_line(void **state) {
    (void)state;
    struct class_map classes = fixture_classes();
    struct image_result result = fixture_result();
    struct text line = {0};
    assert_int_equal(tally_line(&result, &classes, &line), STATUS_OK);
    assert_string_equal(line.data, "1 2 b0.1.3.1>1 b1.0.0.2 b3.2.1.1 m0.1");
    text_clear(&line);
    static const struct detection dogs[] = {
        {.class = DOG_OF_MODEL, .confidence = 0.9f, .box = {0, 0, 1, 1}},
        {.class = TV_OF_MODEL, .confidence = 0.9f, .box = {0, 0, 1, 1}}};
    result.missing = dogs;
    result.n_missing = 2;
    result.n_boxes = 0;
    result.labels = NULL;
    result.bucket = BUCKET_UNCERTAIN;
    assert_int_equal(tally_line(&result, &classes, &line), STATUS_OK);
    assert_string_equal(line.data, "2 0 m-.0 m1.0");
    text_clear(&line);
    static const struct label_file absent = {.absent = true};
    result.labels = &absent;
    assert_int_equal(tally_line(&result, &classes, &line), STATUS_OK);
    assert_string_equal(line.data, "2 0 u m-.0 m1.0");
    text_clear(&line);
    result.error = "two\nlines";
    result.bucket = BUCKET_FAILED;
    assert_int_equal(tally_line(&result, &classes, &line), STATUS_OK);
    assert_string_equal(line.data,
                        "3 0 u f {\"image\": \"images/a.jpg\", \"reason\": \"two\\u000alines\"}");
    text_free(&line);
}

static void test_apply(void **state) {
    (void)state;
    struct tally tally;
    assert_int_equal(tally_make(4, &tally), STATUS_OK);
    char line[100];
    snprintf(line, sizeof line, "1 2 b0.1.%d.1>1 b0.1.%d.0>1 b3.2.%d.0 m0.0 m-.1 b7.0.0.2 m9.2",
             REASON_CLASS, REASON_CLASS, REASON_WEAK);
    assert_int_equal(tally_apply(&tally, 9, line), STATUS_OK);
    assert_int_equal(tally_apply(&tally, 3, "0 0"), STATUS_OK);
    assert_int_equal(tally.counts[TALLY_UNLABELLED], 0);
    assert_int_equal(tally_apply(&tally, 4, "2 0 u m0.2"), STATUS_OK);
    assert_int_equal(tally_apply(&tally, 5, "0 0 u"), STATUS_OK);
    assert_int_equal(tally_apply(&tally, 6, "3 0 u f {}"), STATUS_OK);
    assert_int_equal(tally.counts[TALLY_UNLABELLED], 3);
    static const uint64_t images[] = {2, 1, 1, 1}, boxes[] = {1, 2, 1};
    assert_memory_equal(tally.counts + TALLY_IMAGES, images, sizeof images);
    assert_memory_equal(tally.counts + TALLY_BOXES, boxes, sizeof boxes);
    assert_int_equal(tally.counts[TALLY_MISSING], 4);
    assert_int_equal(tally.counts[TALLY_INVALID], 2);
    static const uint64_t reasons[REASON_COUNT] = {
        [REASON_NONE] = 1, [REASON_CLASS] = 2, [REASON_WEAK] = 1};
    static const uint64_t sizes[SIZE_COUNT][TALLY_PER_GROUP] = {
        {0, 1, 1, 1}, {0, 1, 0, 1}, {1, 0, 0, 2}};
    assert_memory_equal(tally.counts + TALLY_REASONS, reasons, sizeof reasons);
    assert_memory_equal(tally.counts + TALLY_SIZES, sizes, sizeof sizes);
    uint64_t sum = 0;
    for (size_t i = TALLY_CLASSES; i < tally.length; i++)
        sum += tally.counts[i];
    assert_int_equal(sum, 5);
    assert_int_equal(tally.counts[TALLY_CLASSES + TALLY_GROUP_BOXES + VERDICT_MISLABELED], 2);
    assert_int_equal(
        tally.counts[TALLY_CLASSES + 3 * TALLY_PER_GROUP + TALLY_GROUP_BOXES + VERDICT_UNCERTAIN],
        1);
    assert_int_equal(tally.counts[TALLY_CLASSES + TALLY_GROUP_MISSING], 2);
    assert_int_equal(tally.n_swaps, 1);
    assert_int_equal(tally.swaps[0].labelled, 0);
    assert_int_equal(tally.swaps[0].suggested, 1);
    assert_int_equal(tally.swaps[0].count, 2);
    tally_free(&tally);
}

/* What is no line, each for one reason. */
static const char *const damaged[] = {
    "",
    "1",
    "4 0",
    "-1 0",
    "1 -1",
    "1 4294967296",
    "x 0",
    "1  0",
    " 1 0",
    "1 0 ",
    "1 0b0.1.2.0",
    "1 0 b0",
    "1 0 b0.1",
    "1 0 b0.1.2",
    "1 0 b0.1>1",
    "1 0 b0.1.2>1",
    "1 0 uu",
    "1 0 u0",
    "1 0 u u",
    "1 0 b0.1.2.0 u",
    "1 u 0",
    "3 0 f {} u",
    "3 0 u",
    "1 0 b0..2.0",
    "1 0 b0.1..0",
    "1 0 b0.1.2.",
    "1 0 b0.3.2.0",
    "1 0 b0.1.99.0",
    "1 0 w9.1",
    "1 0 w2",
    "1 0 b0.1.2.3",
    "1 0 b0.1.2.0.0",
    "1 0 b0.1.2.0>",
    "1 0 b0.1.2.0>-1",
    "1 0 b0.1.2.0>2147483648",
    "1 0 b2147483648.1.2.0",
    "1 0 b99999999999999999999999999.1.2.0",
    "1 0 b-1.1.2.0",
    "1 0 b-.1.2.0",
    "1 0 b0.1.2.0 ",
    "1 0 b0.1.2.0  b0.1.2.0",
    "1 0 b0.1.2.0b0.1.2.0",
    "1 0 m",
    "1 0 m0",
    "1 0 m-",
    "1 0 m-.",
    "1 0 m0.3",
    "1 0 m-1.0",
    "1 0 m0.0>1",
    "1 0 x0.0",
    "1 0 f {}",
    "3 0",
    "3 0 f",
    "3 0 f {",
    "3 0 f x}",
    "3 0 f {\n}",
    "3 0 b0.1.2.0",
    "3 0f {}",
};

static void test_damaged(void **state) {
    (void)state;
    struct tally tally;
    assert_int_equal(tally_make(4, &tally), STATUS_OK);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        if (tally_apply(&tally, 12, damaged[i]) != STATUS_FAILED)
            fail_msg("taken: \"%s\"", damaged[i]);
        assert_non_null(strstr(status_message(), "image 12"));
    }
    for (size_t i = 0; i < tally.length; i++)
        assert_int_equal(tally.counts[i], 0);
    assert_int_equal(tally.n_swaps + tally.n_failures + tally.failures.length, 0);
    tally_free(&tally);
}

static void test_failures_in_order(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    struct tally tally;
    assert_int_equal(tally_make(0, &tally), STATUS_OK);
    assert_int_equal(tally_sort_failures(&tally), STATUS_OK);
    assert_int_equal(tally.failures.length, 0);
    struct text want = {0}, line = {0};
    /* 389 and 1000 have no common factor: every index once. */
    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t index = i * 389 % COUNT;
        text_clear(&line);
        text_format(&line, "3 1 f {\"image\": \"%*d\"}", (int)(index % 7), (int)index);
        assert_int_equal(tally_apply(&tally, index << 33, line.data), STATUS_OK);
        text_format(&want, "{\"image\": \"%*d\"}\n", (int)(i % 7), (int)i);
    }
    assert_true(strcmp(tally.failures.data, want.data) != 0);
    assert_int_equal(tally_sort_failures(&tally), STATUS_OK);
    assert_string_equal(tally.failures.data, want.data);
    assert_int_equal(tally.failures.length, want.length);
    assert_int_equal(tally_sort_failures(&tally), STATUS_OK);
    assert_string_equal(tally.failures.data, want.data);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_true(tally.failure_indices[i] == i << 33);
    assert_int_equal(tally.counts[TALLY_IMAGES + BUCKET_FAILED], COUNT);
    assert_int_equal(tally.counts[TALLY_INVALID], COUNT);
    text_free(&want);
    text_free(&line);
    tally_free(&tally);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_failures_in_order),
    };
    return RUN_TESTS(tests);
}
