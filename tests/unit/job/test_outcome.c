/* What a run's counts mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "job/outcome.h"
#include "unit.h"

static const struct run_counts clean = {
    .read_images = 10, .known_boxes = 1000, .confirmed_boxes = 900};

static void test_exit_status(void **state) {
    (void)state;
    const struct options none = {.fail_on = -1}, strict = {.fail_on = -1, .strict = true};
    const struct options limit = {.fail_on = 5}, both = {.fail_on = 5, .strict = true};
    struct run_counts counts = clean;
    assert_int_equal(exit_status_of(&strict, &counts), 0);
    counts.failed_images = 1;
    assert_int_equal(exit_status_of(&none, &counts), 0);
    assert_int_equal(exit_status_of(&strict, &counts), 3);
    counts = clean;
    counts.invalid_lines = 1;
    assert_int_equal(exit_status_of(&none, &counts), 0);
    assert_int_equal(exit_status_of(&strict, &counts), 3);
    counts.mislabeled_boxes = 5;
    assert_int_equal(exit_status_of(&limit, &counts), 0);
    assert_int_equal(exit_status_of(&both, &counts), 3);
    counts.mislabeled_boxes = 6;
    assert_int_equal(exit_status_of(&none, &counts), 0);
    assert_int_equal(exit_status_of(&limit, &counts), 4);
    assert_int_equal(exit_status_of(&both, &counts), 4);
}

static void test_nothing_read(void **state) {
    (void)state;
    const struct options none = {.fail_on = -1}, strict = {.fail_on = 0, .strict = true};
    struct run_counts counts = {.failed_images = 7};
    assert_true(nothing_was_read(&counts));
    assert_int_equal(exit_status_of(&none, &counts), 1);
    assert_int_equal(exit_status_of(&strict, &counts), 1);
    counts.read_images = 1;
    assert_false(nothing_was_read(&counts));
    assert_int_equal(exit_status_of(&none, &counts), 0);
    assert_false(nothing_was_read(&(struct run_counts){0}));
}

static void check_suspicion(uint64_t known, uint64_t confirmed, bool expected) {
    const struct run_counts counts = {
        .read_images = 1, .known_boxes = known, .confirmed_boxes = confirmed};
    assert_int_equal(model_seems_wrong(&counts), expected);
}

static void test_wrong_model(void **state) {
    (void)state;
    check_suspicion(0, 0, false);
    check_suspicion(199, 0, false); /* too few to tell */
    check_suspicion(200, 0, true);
    check_suspicion(200, 9, true);
    check_suspicion(200, 10, false);
    check_suspicion(1000000, 49999, true);
    check_suspicion(1000000, 50000, false);
}

/* The tally of a data set of three classes, of which the model does not know the last. */
static void test_counts(void **state) {
    (void)state;
    struct tally tally = {0};
    int32_t to_model[] = {5, 0, -1};
    const struct class_map classes = {.n_data = 3, .to_model = to_model};
    ASSERT_OK(tally_make(3, &tally));
    tally.counts[TALLY_IMAGES + BUCKET_FAILED] = 2;
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        tally.counts[TALLY_IMAGES + i] += 10;
    tally.counts[TALLY_INVALID] = 7;
    tally.counts[TALLY_BOXES + VERDICT_MISLABELED] = 9;
    for (size_t c = 0; c < 3; c++)
        for (size_t v = 0; v < VERDICT_COUNT; v++)
            tally.counts[TALLY_CLASSES + c * TALLY_PER_GROUP + TALLY_GROUP_BOXES + v] = 100;
    const struct run_counts counts = run_counts_make(&tally, &classes);
    assert_int_equal(counts.failed_images, 12);
    assert_int_equal(counts.read_images, 10 * (BUCKET_COUNT - 1));
    assert_int_equal(counts.invalid_lines, 7);
    assert_int_equal(counts.mislabeled_boxes, 9);
    assert_int_equal(counts.known_boxes, 2 * VERDICT_COUNT * 100);
    assert_int_equal(counts.confirmed_boxes, 200);
    tally_free(&tally);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_status),
        cmocka_unit_test(test_nothing_read),
        cmocka_unit_test(test_wrong_model),
        cmocka_unit_test(test_counts),
    };
    return RUN_TESTS(tests);
}
