/* What is counted of an image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output/tally.h"
#include "result_fixture.h"
#include "unit.h"

static uint64_t class_count(const struct tally *tally, size_t class, int what) {
    return tally->counts[TALLY_CLASSES + class * TALLY_PER_GROUP + (size_t)what];
}

static void test_counts(void **state) {
    (void)state;
    struct class_map classes = fixture_classes();
    struct image_result result = fixture_result();
    struct tally tally;
    assert_int_equal(tally_make(4, &tally), STATUS_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tally_add(&tally, &result, &classes), STATUS_OK);
    const uint64_t images[] = {0, 3, 0, 0}, boxes[] = {3, 3, 3};
    assert_memory_equal(tally.counts + TALLY_IMAGES, images, sizeof images);
    assert_memory_equal(tally.counts + TALLY_BOXES, boxes, sizeof boxes);
    assert_int_equal(tally.counts[TALLY_MISSING], 3);
    assert_int_equal(tally.counts[TALLY_INVALID], 6);
    /* By the labelled class: person is mislabeled, tv correct, unicorn uncertain. */
    assert_int_equal(class_count(&tally, 0, TALLY_GROUP_BOXES + VERDICT_MISLABELED), 3);
    assert_int_equal(class_count(&tally, 1, TALLY_GROUP_BOXES + VERDICT_CORRECT), 3);
    assert_int_equal(class_count(&tally, 3, TALLY_GROUP_BOXES + VERDICT_UNCERTAIN), 3);
    assert_int_equal(class_count(&tally, 0, TALLY_GROUP_MISSING), 3);
    const uint64_t reasons[REASON_COUNT] = {
        [REASON_NONE] = 3, [REASON_CLASS] = 3, [REASON_UNKNOWN_CLASS] = 3};
    assert_memory_equal(tally.counts + TALLY_REASONS, reasons, sizeof reasons);
    /* correct, mislabeled, uncertain, missing: 320 x 160; 64 x 96 and 64 x 48; 64 x 48 */
    const uint64_t sizes[SIZE_COUNT][TALLY_PER_GROUP] = {
        [SIZE_MEDIUM] = {0, 3, 3, 3}, [SIZE_LARGE] = {3}};
    assert_memory_equal(tally.counts + TALLY_SIZES, sizes, sizeof sizes);
    uint64_t sum = 0;
    for (size_t i = TALLY_CLASSES; i < tally.length; i++)
        sum += tally.counts[i];
    assert_int_equal(sum, 12);
    assert_int_equal(tally.length, TALLY_CLASSES + 4 * TALLY_PER_GROUP);
    assert_int_equal(tally.n_swaps, 1);
    assert_int_equal(tally.swaps[0].labelled, 0);
    assert_int_equal(tally.swaps[0].suggested, 1);
    assert_int_equal(tally.swaps[0].count, 3);
    assert_int_equal(tally.failures.length, 0);
    tally_free(&tally);
}

/* Labels that say more than a box: of one the rest was judged, of the others not. */
static void test_forms(void **state) {
    (void)state;
    struct class_map classes = fixture_classes();
    struct image_result result = fixture_result();
    struct tally tally;
    assert_int_equal(tally_make(4, &tally), STATUS_OK);
    for (size_t i = 0; i < result.n_boxes; i++)
        result.boxes[i].label.form = LABEL_QUAD;
    result.boxes[0].evidence.task.task = TASK_OBB;
    for (int i = 0; i < 2; i++)
        assert_int_equal(tally_add(&tally, &result, &classes), STATUS_OK);
    const uint64_t alone[LABEL_FORMS] = {[LABEL_QUAD] = 4}, whole[LABEL_FORMS] = {[LABEL_QUAD] = 2};
    assert_memory_equal(tally.counts + TALLY_FORMS, alone, sizeof alone);
    assert_memory_equal(tally.counts + TALLY_WHOLE, whole, sizeof whole);
    tally_free(&tally);
}

static void test_failed_images(void **state) {
    (void)state;
    struct class_map classes = fixture_classes();
    struct image_result result = fixture_result();
    result.error = "no \"JPEG\"";
    result.bucket = BUCKET_FAILED;
    struct tally tally;
    assert_int_equal(tally_make(4, &tally), STATUS_OK);
    assert_int_equal(tally_add(&tally, &result, &classes), STATUS_OK);
    result.name = "line\nbreak.jpg";
    assert_int_equal(tally_add(&tally, &result, &classes), STATUS_OK);
    /* Whatever else the result holds, only these are counted. */
    for (size_t i = 0; i < tally.length; i++)
        assert_int_equal(tally.counts[i], i == TALLY_IMAGES + BUCKET_FAILED ? 2
                                          : i == TALLY_INVALID              ? 4
                                                                            : 0);
    assert_int_equal(tally.n_swaps, 0);
    assert_string_equal(tally.failures.data,
                        "{\"image\": \"images/a.jpg\", \"reason\": \"no \\\"JPEG\\\"\"}\n"
                        "{\"image\": \"line\\u000abreak.jpg\", \"reason\": \"no \\\"JPEG\\\"\"}\n");
    tally_free(&tally);
}

static void test_no_swap(void **state) {
    (void)state;
    struct class_map classes = fixture_classes();
    struct image_result result = fixture_result();
    result.labels = NULL;
    struct tally tally;
    assert_int_equal(tally_make(4, &tally), STATUS_OK);
    /* Suggested: a class that the data set lacks, none, one beyond the model's. */
    static const int32_t none[] = {DOG_OF_MODEL, -1, 99};
    for (int i = 0; i < 3; i++) {
        result.boxes[0].evidence.suggested = none[i];
        assert_int_equal(tally_add(&tally, &result, &classes), STATUS_OK);
    }
    /* Contested is not mislabeled, and another place is not another class. */
    result.boxes[0].evidence.suggested = TV_OF_MODEL;
    result.boxes[0].ruling = (struct ruling){VERDICT_UNCERTAIN, REASON_CONTESTED, false};
    assert_int_equal(tally_add(&tally, &result, &classes), STATUS_OK);
    result.boxes[0].ruling = (struct ruling){VERDICT_MISLABELED, REASON_LOCATION, false};
    assert_int_equal(tally_add(&tally, &result, &classes), STATUS_OK);
    assert_int_equal(tally.n_swaps, 0);
    assert_int_equal(tally.counts[TALLY_BOXES + VERDICT_MISLABELED], 4);
    tally_free(&tally);
}

/* Classes beyond the tally's are counted in the totals alone. */
static void test_classes_beyond(void **state) {
    (void)state;
    struct class_map classes = fixture_classes();
    struct image_result result = fixture_result();
    struct tally tally;
    assert_int_equal(tally_make(0, &tally), STATUS_OK);
    assert_int_equal(tally_add(&tally, &result, &classes), STATUS_OK);
    assert_int_equal(tally.length, TALLY_CLASSES);
    assert_int_equal(tally.counts[TALLY_BOXES + VERDICT_CORRECT], 1);
    assert_int_equal(tally.counts[TALLY_MISSING], 1);
    tally_free(&tally);
    assert_null(tally.counts);
}

static void test_swaps_stay_sorted(void **state) {
    (void)state;
    enum { CLASSES = 40 };
    struct tally tally;
    assert_int_equal(tally_make(CLASSES, &tally), STATUS_OK);
    static uint64_t want[CLASSES][CLASSES];
    uint32_t seed = 1;
    for (int i = 0; i < 5000; i++) {
        seed = seed * 1664525u + 1013904223u;
        int32_t a = (int32_t)(seed >> 8) % CLASSES, b = (int32_t)(seed >> 20) % CLASSES;
        uint64_t count = (seed >> 16) % 3 + ((uint64_t)1 << 40);
        want[a][b] += count;
        assert_int_equal(tally_add_swaps(&tally, a, b, count), STATUS_OK);
    }
    size_t n = 0;
    for (int32_t a = 0; a < CLASSES; a++)
        for (int32_t b = 0; b < CLASSES; b++)
            if (want[a][b]) {
                assert_true(n < tally.n_swaps);
                assert_int_equal(tally.swaps[n].labelled, a);
                assert_int_equal(tally.swaps[n].suggested, b);
                assert_true(tally.swaps[n].count == want[a][b]);
                n++;
            }
    assert_int_equal(tally.n_swaps, n);
    assert_true(n > 500);
    tally_free(&tally);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),         cmocka_unit_test(test_forms),
        cmocka_unit_test(test_failed_images),  cmocka_unit_test(test_no_swap),
        cmocka_unit_test(test_classes_beyond), cmocka_unit_test(test_swaps_stay_sorted),
    };
    return RUN_TESTS(tests);
}
