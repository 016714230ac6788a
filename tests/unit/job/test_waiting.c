/* How a rank waits for others, and when that is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/waiting.h"
#include "unit.h"

static void test_sleep(void **state) {
    (void)state;
    const struct waiting waiting = waiting_start(true, 100);
    assert_false(waiting_may_sleep(&waiting, 100));
    assert_false(waiting_may_sleep(&waiting, 100.019));
    assert_true(waiting_may_sleep(&waiting, 100.021));
}

static void test_said_once(void **state) {
    (void)state;
    struct waiting waiting = waiting_start(false, 100), other = waiting_start(true, 100);
    assert_false(waiting_is_long(&waiting, 100));
    assert_false(waiting_is_long(&waiting, 130));
    assert_true(waiting_is_long(&waiting, 130.1));
    assert_false(waiting_is_long(&waiting, 131));
    assert_false(waiting_is_long(&waiting, 1000));
    assert_false(waiting_is_long(&other, 1000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sleep),
        cmocka_unit_test(test_said_once),
    };
    return RUN_TESTS(tests);
}
