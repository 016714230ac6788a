/* What rank 0 decides while the work runs: when it closes, cancels, ends and abandons, what is
 * ordered to whom, and of whose silence is warned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "job/control.h"
#include "unit.h"

enum { RANKS = 3 };
#define HANG 30.0
#define NOW  100.0 /* when the work starts */

/* Rank 0's view of a time at which nothing else happens. */
static struct control_view view_at(double now) {
    return (struct control_view){.now = now, .rounds = 1, .round_open = true};
}

static struct control *start(double hang_seconds) {
    struct control *control;
    ASSERT_OK(control_make(RANKS, hang_seconds, &control));
    control_start(control, NOW);
    return control;
}

/* At work: 10 images done, 4 held, 20 left. */
static const struct report_line working = {.stand = {.done = 10, .held = 4, .left = 20}};
static const struct report_line finished = {.stand = {.done = 34}, .finished = 1};

static void hear_all(struct control *control, const struct report_line *report, double now) {
    for (size_t r = 0; r < RANKS; r++)
        control_hear(control, r, report, now);
}

static enum order_step decide(struct control *control, const struct control_view *view) {
    control_decide(control, view);
    return control_command(control);
}

static enum order_step decide_at(struct control *control, double now) {
    const struct control_view view = view_at(now);
    return decide(control, &view);
}

static void test_nothing_to_say(void **state) {
    (void)state;
    struct control *control = start(HANG);
    struct order order;
    for (size_t r = 0; r < RANKS; r++)
        assert_false(control_order(control, r, &order));
    hear_all(control, &working, NOW + 0.1);
    assert_int_equal(decide_at(control, NOW + 0.1), ORDER_CONTINUE);
    for (size_t r = 0; r < RANKS; r++)
        assert_false(control_order(control, r, &order));
    control_free(control);
    control_free(NULL);
}

static void test_close_once_nobody_has_images(void **state) {
    (void)state;
    struct control *control = start(HANG);
    struct report_line last_ones = {.stand = {.done = 33, .held = 1}};
    struct order order;
    control_hear(control, 0, &last_ones, NOW + 1);
    control_hear(control, 1, &last_ones, NOW + 1);
    assert_int_equal(decide_at(control, NOW + 1), ORDER_CONTINUE);
    control_hear(control, 2, &last_ones, NOW + 1);
    assert_int_equal(decide_at(control, NOW + 1), ORDER_CLOSE);
    for (size_t r = 0; r < RANKS; r++) {
        assert_true(control_order(control, r, &order));
        assert_int_equal(order.command, ORDER_CLOSE);
        assert_int_equal(order.taker, -1);
        assert_int_equal(order.signal, 0);
        assert_false(control_order(control, r, &order)); /* said once */
    }
    control_free(control);
}

static void test_a_failure_cancels(void **state) {
    (void)state;
    struct control *control = start(HANG);
    struct report_line failed = working;
    failed.status = STATUS_FAILED;
    hear_all(control, &working, NOW + 1);
    control_hear(control, 2, &failed, NOW + 1);
    assert_int_equal(decide_at(control, NOW + 1), ORDER_CANCEL);
    /* Nobody has images any more: that is less. */
    hear_all(control, &finished, NOW + 2);
    assert_int_equal(decide_at(control, NOW + 2), ORDER_CANCEL);
    control_free(control);

    control = start(HANG); /* rank 0's own */
    hear_all(control, &working, NOW + 1);
    struct control_view view = view_at(NOW + 1);
    view.failed = true;
    assert_int_equal(decide(control, &view), ORDER_CANCEL);
    control_free(control);
}

static void test_the_first_signal_cancels(void **state) {
    (void)state;
    struct control *control = start(HANG);
    struct report_line first = working, second = working;
    struct order order;
    first.signal = 15;
    second.signal = 2;
    control_hear(control, 1, &first, NOW + 1);
    control_hear(control, 2, &second, NOW + 1);
    assert_int_equal(decide_at(control, NOW + 1), ORDER_CANCEL);
    assert_true(control_order(control, 0, &order));
    assert_int_equal(order.command, ORDER_CANCEL);
    assert_int_equal(order.signal, 15);
    control_free(control);
}

static void test_the_end(void **state) {
    (void)state;
    struct control *control = start(HANG);
    struct order order;
    hear_all(control, &finished, NOW + 1);
    struct control_view view = view_at(NOW + 1);
    assert_int_equal(decide(control, &view), ORDER_CLOSE); /* a round is still open */
    view.round_open = false;
    view.all_finished = view.counting = true;
    assert_int_equal(decide(control, &view), ORDER_CLOSE); /* something else goes on */
    view.counting = false;
    assert_int_equal(decide(control, &view), ORDER_END);
    assert_true(control_order(control, 1, &order));
    assert_int_equal(order.command, ORDER_END);
    /* Whatever comes then: there is no other order. */
    control_abandon(control, 0, NOW + 2);
    assert_int_equal(control_command(control), ORDER_ABANDON);
    assert_false(control_order(control, 1, &order));
    struct report_line last = finished;
    last.last = 1;
    control_hear(control, 0, &last, NOW + 2);
    control_hear(control, 1, &last, NOW + 2);
    assert_false(control_all_left(control));
    control_hear(control, 2, &last, NOW + 2);
    assert_true(control_all_left(control));
    control_free(control);
}

/* After the end a failure changes nothing any more. */
static void test_commands_are_never_taken_back(void **state) {
    (void)state;
    struct control *control = start(HANG);
    hear_all(control, &finished, NOW + 1);
    struct control_view view = view_at(NOW + 1);
    view.round_open = false;
    view.all_finished = true;
    assert_int_equal(decide(control, &view), ORDER_END);
    view.failed = true;
    assert_int_equal(decide(control, &view), ORDER_END);
    control_free(control);
}

static uint64_t rounds_ordered(struct control *control, struct control_view view) {
    struct order order;
    control_decide(control, &view);
    return control_order(control, 0, &order) ? order.rounds : 0;
}

static void test_rounds(void **state) {
    (void)state;
    struct control *control = start(HANG);
    struct control_view view = view_at(NOW + 0.05);
    hear_all(control, &working, NOW + 0.05);
    view.round_open = false;
    assert_int_equal(rounds_ordered(control, view), 0); /* too early */
    view.now = NOW + 0.2;
    view.round_open = true;
    assert_int_equal(rounds_ordered(control, view), 0); /* one is open */
    view.round_open = false;
    assert_int_equal(rounds_ordered(control, view), 2);
    view.now = NOW + 0.5;
    assert_int_equal(rounds_ordered(control, view), 0); /* rank 0 has not begun that one */
    view.rounds = 2;
    assert_int_equal(rounds_ordered(control, view), 3);
    /* Where all have finished, at once; after that round there is no other. */
    hear_all(control, &finished, NOW + 0.5);
    view.rounds = 3;
    view.now = NOW + 0.51;
    assert_int_equal(rounds_ordered(control, view), 4);
    view.rounds = 4;
    view.all_finished = view.counting = true;
    view.now = NOW + 9;
    assert_int_equal(rounds_ordered(control, view), 0);
    control_free(control);
}

/* Rank 2 has far more to do than the others: it is ordered to give, until the work is cancelled. */
static void test_images_are_given(void **state) {
    (void)state;
    struct control *control = start(HANG);
    struct order order;
    for (double t = 1; t <= 8; t += 1) {
        const struct report_line fast = {.stand = {.done = (uint64_t)(10 * t)}};
        const struct report_line slow = {
            .stand = {.done = (uint64_t)t, .held = 4, .left = 1000 - (uint64_t)t}};
        control_hear(control, 0, &fast, NOW + t);
        control_hear(control, 1, &fast, NOW + t);
        control_hear(control, 2, &slow, NOW + t);
    }
    assert_int_equal(decide_at(control, NOW + 8), ORDER_CONTINUE);
    assert_false(control_order(control, 0, &order));
    assert_true(control_order(control, 2, &order));
    assert_int_equal(order.command, ORDER_CONTINUE);
    assert_true(order.taker == 0 || order.taker == 1);
    assert_true(order.count > 100 && order.count < 1000);
    assert_false(control_order(control, 2, &order));
    control_free(control);
}

static void test_unanswered(void **state) {
    (void)state;
    struct control *control = start(HANG);
    struct report_line signalled = working, last = working;
    hear_all(control, &working, NOW + 1);
    assert_false(control_is_unanswered(control, 1, 10)); /* before a signal: the pulse's affair */
    signalled.signal = 15;
    last.last = 1;
    control_hear(control, 0, &signalled, NOW + 1);
    control_hear(control, 2, &last, NOW + 1);
    assert_false(control_is_unanswered(control, 1, 0.7));
    assert_true(control_is_unanswered(control, 1, 0.71));
    assert_false(control_is_unanswered(control, 1, 5)); /* once … */
    control_hear(control, 1, &working, NOW + 6);
    assert_true(control_is_unanswered(control, 1, 1));  /* … until it is heard again */
    assert_false(control_is_unanswered(control, 2, 5)); /* it has left */
    control_free(control);
}

static void test_late(void **state) {
    (void)state;
    struct control *control = start(HANG), *patient = start(0);
    struct report_line failed = finished;
    double seconds;
    size_t rank;
    failed.status = STATUS_FAILED;
    for (int i = 0; i < 2; i++) {
        struct control *one = i ? patient : control;
        control_hear(one, 0, &failed, NOW + 1);
        control_hear(one, 1, &working, NOW + 1);
        control_hear(one, 2, &working, NOW + 1);
        assert_int_equal(decide_at(one, NOW + 1), ORDER_CANCEL);
    }
    assert_int_equal(decide_at(control, NOW + 20), ORDER_CANCEL); /* counted from the first */
    assert_false(control_is_late(control, NOW + 30.9, &rank, &seconds));
    assert_true(control_is_late(control, NOW + 31.5, &rank, &seconds));
    assert_int_equal(rank, 1);
    assert_true(seconds > 30.4 && seconds < 30.6);
    assert_false(control_is_late(patient, NOW + 1000, &rank, &seconds));
    control_hear(control, 1, &finished, NOW + 31.5);
    control_hear(control, 2, &finished, NOW + 31.5);
    assert_false(control_is_late(control, NOW + 99, &rank, &seconds));
    control_free(control);
    control_free(patient);
}

static void test_abandoned(void **state) {
    (void)state;
    struct control *control = start(HANG);
    struct report_line saved = finished;
    struct order order;
    hear_all(control, &working, NOW + 1);
    assert_false(control_may_abort(control, NOW + 1));
    control_abandon(control, 1, NOW + 40);
    assert_true(control_order(control, 2, &order));
    assert_int_equal(order.command, ORDER_ABANDON);
    assert_false(control_may_abort(control, NOW + 41.9));
    assert_true(control_may_abort(control, NOW + 42)); /* they have had the time */
    saved.saved = 1;
    control_hear(control, 0, &saved, NOW + 40.1);
    assert_false(control_may_abort(control, NOW + 40.1));
    control_hear(control, 2, &saved, NOW + 40.2);
    assert_true(control_may_abort(control, NOW + 40.2)); /* all but the lost one have */
    control_free(control);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_say),
        cmocka_unit_test(test_close_once_nobody_has_images),
        cmocka_unit_test(test_a_failure_cancels),
        cmocka_unit_test(test_the_first_signal_cancels),
        cmocka_unit_test(test_the_end),
        cmocka_unit_test(test_commands_are_never_taken_back),
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_images_are_given),
        cmocka_unit_test(test_unanswered),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_abandoned),
    };
    return RUN_TESTS(tests);
}
