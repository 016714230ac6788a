/* Which ranks use one device together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/sharing.h"
#include "unit.h"

static void test_first(void **state) {
    (void)state;
    const struct holder all[] = {{"a", "gpu 1"}, {"a", "gpu 2"}, {"b", "gpu 1"},
                                 {"a", "gpu 1"}, {"b", "gpu 1"}, {"a", "gpu 1"}};
    const int expected[] = {0, 1, 2, 0, 2, 0};
    for (int r = 0; r < 6; r++)
        assert_int_equal(sharing_first(all, r), expected[r]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_first)};
    return RUN_TESTS(tests);
}
