/* Decimal numbers as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/number.h"
#include "unit.h"

static void test_numbers(void **state) {
    (void)state;
    static const char *const texts[] = {"0.1",
                                        "3.14159265358979",
                                        "1e22",
                                        "123456789.125",
                                        "1e-5",
                                        "-0.000123456789",
                                        "1e-310",
                                        "9007199254740993",
                                        "1e23",
                                        "0.3333333333333333333333333",
                                        "1.7976931348623157e308"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value, wanted = strtod(texts[i], NULL);
        assert_int_equal(number_parse(texts[i], strlen(texts[i]), &value), NUMBER_FINITE);
        double error = value > wanted ? value - wanted : wanted - value;
        double size = wanted < 0 ? -wanted : wanted;
        if (error > size * 4e-16)
            fail_msg("%s: %.17g", texts[i], value);
    }
    double value = 1;
    assert_int_equal(number_parse("", 0, &value), NUMBER_NONE);
    assert_int_equal(number_parse("0.25x", 4, &value), NUMBER_FINITE);
    assert_true(value == 0.25);
    assert_int_equal(number_parse("0e999999999", 11, &value), NUMBER_FINITE);
    assert_true(value == 0);
    assert_int_equal(number_parse("1e-999999999", 12, &value), NUMBER_FINITE);
    assert_true(value == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers)};
    return RUN_TESTS(tests);
}
