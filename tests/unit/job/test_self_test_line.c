/* The self-test in plain words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/self_test_line.h"
#include "unit.h"

static void check(const struct self_test *test, const char *want) {
    struct text line = {0};
    self_test_line(test, &line);
    assert_int_equal(text_status(&line), STATUS_OK);
    assert_string_equal(line.data, want);
    text_free(&line);
}

static void test_lines(void **state) {
    (void)state;
    struct self_test test = {
        .labels = 910,
        .share = 0.0912,
        .row = {3.5, 0.8434, 0.7, 0.936},
        .table = {[0] = {.max_margin = 1.5}, [MARGIN_EDGES - 1] = {.max_margin = 8}}};
    check(&test, "Self-test: of 100 labels with a wrong class about 84 would be found; about 94 of "
                 "100 called mislabeled are wrong (estimated: 9.1% of labels)");
    test.row.any_class = test.row.precision = NAN;
    check(&test, "Self-test: no estimate for a --max-margin below 1.5 or above 8");
    test.share = NAN;
    check(&test, "Self-test: no estimate, since there is but one class");
    test.labels = 199;
    check(&test, "Self-test: 199 labels are too few for an estimate (200 are needed)");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return RUN_TESTS(tests);
}
