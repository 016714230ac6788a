/* How many threads and images a rank keeps busy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/capacity.h"
#include "unit.h"

static void test_threads(void **state) {
    (void)state;
    assert_int_equal(threads_share(0, 8, 2), 4);
    assert_int_equal(threads_share(0, 9, 2), 4);
    assert_int_equal(threads_share(0, 2, 5), 1); /* more ranks than cores */
    assert_int_equal(threads_share(0, 8, 0), 8);
    assert_int_equal(threads_share(6, 2, 2), 6); /* --threads is obeyed */
}

static void check(struct capacity capacity, size_t readers, size_t batch, size_t slots) {
    assert_int_equal(capacity.readers, readers);
    assert_int_equal(capacity.placers, 1);
    assert_int_equal(capacity.batch, batch);
    assert_int_equal(capacity.slots, slots);
}

static void test_plans(void **state) {
    (void)state;
    /* On a CPU no more than are being read, forwarded and placed. */
    check(capacity_plan(true, false, 1, 1, 1), 1, 1, 3);
    check(capacity_plan(true, false, 16, 1, 1), 3, 1, 5);
    /* On a GPU batches in flight, and one that is being read. */
    check(capacity_plan(false, false, 8, 32, 2), 8, 32, 2 * 32 + 8 + 1 + 33);
    assert_int_equal(capacity_plan(false, false, 8, 32, 2).window, 0);
    /* Those that wait for others like them are in addition. */
    check(capacity_plan(false, true, 8, 32, 2), 8, 32, 2 * 32 + 8 + 1 + 33 + 16 * 32);
    assert_int_equal(capacity_plan(false, true, 8, 32, 2).window, 16 * 32);
    check(capacity_plan_dry(4), 4, 1, 18);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_plans),
    };
    return RUN_TESTS(tests);
}
