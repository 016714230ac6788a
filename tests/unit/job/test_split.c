/* How the list of images is split: shares that differ by one at most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/split.h"
#include "unit.h"

static void test_starts(void **state) {
    (void)state;
    const size_t totals[] = {0, 1, 5, 6, 7, 1000003};
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
        for (int size = 1; size < 9; size++) {
            size_t least = totals[i] / (size_t)size;
            assert_int_equal(split_start(totals[i], size, 0), 0);
            assert_int_equal(split_start(totals[i], size, size), totals[i]);
            for (int r = 0; r < size; r++) {
                size_t share =
                    split_start(totals[i], size, r + 1) - split_start(totals[i], size, r);
                assert_true(share == least || share == least + 1);
            }
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts),
    };
    return RUN_TESTS(tests);
}
