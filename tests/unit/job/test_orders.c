/* When a rank reports, and how soon it looks again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/orders.h"
#include "unit.h"

static const struct report_line working = {.stand = {.done = 3, .held = 2, .left = 5}};

static void test_update(void **state) {
    (void)state;
    const struct verify_progress progress = {
        .done = 7, .left = 11, .total = 20, .finished = 1, .status = STATUS_FAILED};
    struct report_line report = {
        .stand = {.sent = 4, .received = 5}, .signal = 15, .saved = 1, .last = 1};
    report_update(&report, &progress);
    assert_int_equal(report.stand.done, 7);
    assert_int_equal(report.stand.held, 2);
    assert_int_equal(report.stand.left, 11);
    assert_int_equal(report.status, STATUS_FAILED);
    assert_int_equal(report.finished, 1);
    /* What the work does not say stays. */
    assert_int_equal(report.stand.sent, 4);
    assert_int_equal(report.stand.received, 5);
    assert_int_equal(report.signal, 15);
    assert_int_equal(report.saved, 1);
    assert_int_equal(report.last, 1);
}

static void check_news(struct report_line report, bool expected) {
    assert_int_equal(report_is_due(&report, &working, 0.05), expected);
    assert_true(report_is_due(&report, &working, 0.1));
}

static void test_due(void **state) {
    (void)state;
    struct report_line report = working;
    check_news(report, false);
    report.stand.done = 5;
    report.stand.left = 1;
    check_news(report, false); /* every image is no news */
    report.stand.left = 0;
    check_news(report, true);
    report = working;
    report.signal = 2;
    check_news(report, true);
    report = working;
    report.saved = 1;
    check_news(report, true);
    report = working;
    report.finished = 1;
    check_news(report, true);
    report = working;
    report.status = STATUS_FAILED;
    check_news(report, true);
    report = working;
    report.stand.sent = 1;
    check_news(report, true);
    report = working;
    report.stand.received = 1;
    check_news(report, true);
    report = working;
    report.last = 1;
    check_news(report, true);
}

static void test_pause(void **state) {
    (void)state;
    const struct order none = {.command = ORDER_CONTINUE}, end = {.command = ORDER_CLOSE};
    struct report_line report = working;
    long calm = turn_pause_ms(&report, &none);
    assert_int_equal(calm, 25);
    assert_true(turn_pause_ms(&report, &end) < calm);
    report.signal = 15;
    assert_true(turn_pause_ms(&report, &none) < calm);
    report = working;
    report.stand.left = 0;
    assert_true(turn_pause_ms(&report, &none) < calm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_pause),
    };
    return RUN_TESTS(tests);
}
