/* Which rank is lost, and in which order ranks find that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/liveness.h"
#include "unit.h"

static void test_limits(void **state) {
    (void)state;
    assert_true(liveness_limit(0, 30) == 30);
    assert_true(liveness_limit(1, 30) == 30);
    /* One after the other, so that each speaks only where those before it are lost, too … */
    for (int rank = 1; rank < 20; rank++)
        assert_true(liveness_limit(rank + 1, 30) > liveness_limit(rank, 30));
    assert_true(liveness_limit(2, 30) == 32);
    /* … but not for ever. */
    assert_true(liveness_limit(100000, 30) == 37);
}

/* `count` ranks that were heard at time 0, asked four times a second until `end`. */
static size_t lost_at(struct listened *ranks, size_t count, double end, double *seconds) {
    size_t lost = count;
    for (double now = 0.25; now <= end; now += 0.25)
        lost = liveness_lost(ranks, count, 10, now, seconds);
    return lost;
}

static void test_silence(void **state) {
    (void)state;
    struct listened ranks[3] = {0};
    double seconds = -1;
    assert_int_equal(lost_at(ranks, 3, 9.75, &seconds), 3);
    assert_true(seconds == -1);
    silence_break(&ranks[0].silence, 9.75);
    assert_int_equal(liveness_lost(ranks, 3, 10, 10, &seconds), 1);
    assert_true(seconds == 10);
    silence_break(&ranks[1].silence, 10);
    assert_int_equal(liveness_lost(ranks, 3, 10, 10.5, &seconds), 2);
    assert_true(seconds == 10.5);
}

static void test_patience(void **state) {
    (void)state;
    struct listened ranks[2] = {{.patience = 5}, {.done = true}};
    double seconds;
    assert_int_equal(lost_at(ranks, 2, 14.75, &seconds), 2); /* the other one has left */
    assert_int_equal(liveness_lost(ranks, 2, 10, 15, &seconds), 0);
    assert_true(seconds == 15);
    assert_int_equal(liveness_patience(7.9), 7);
    assert_int_equal(liveness_patience(1e12), 86400);
}

/* Of the time in which nobody asked next to nothing counts: this process was asleep itself. */
static void test_suspended(void **state) {
    (void)state;
    struct listened rank = {0};
    double seconds;
    assert_int_equal(lost_at(&rank, 1, 2, &seconds), 1);
    assert_int_equal(liveness_lost(&rank, 1, 10, 3600, &seconds), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_suspended),
    };
    return RUN_TESTS(tests);
}
