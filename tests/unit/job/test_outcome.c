/* What a run's counts mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_status),
        cmocka_unit_test(test_nothing_read),
        cmocka_unit_test(test_wrong_model),
    };
    return RUN_TESTS(tests);
}
