/* Which threshold a precision comes to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "review/rejudge/flags.h"
#include "unit.h"

static struct precision_choice choose(double precision, const char *self_test) {
    const struct options flags = {.max_margin = 3.5, .precision = precision};
    struct json_object *object = json_tokener_parse(self_test);
    struct precision_choice choice = precision_choose(&flags, object);
    json_object_put(object);
    return choice;
}

#define TABLE                                                                                      \
    "{\"wrong_class\": {\"table\": [{\"max_margin\": 1.5, \"precision\": 0.5}, "                   \
    "{\"max_margin\": 2.0, \"precision\": 0.6}, {\"max_margin\": 2.5, \"precision\": 0.9}, "       \
    "{\"max_margin\": 3.0, \"precision\": 0.85}]}}"

static void assert_choice(double precision, const char *self_test, enum precision_case found,
                          double max_margin) {
    struct precision_choice choice = choose(precision, self_test);
    assert_int_equal(choice.found, found);
    assert_float_equal(choice.max_margin, max_margin, 1e-9);
}

static void test_table(void **state) {
    (void)state;
    assert_choice(0, TABLE, PRECISION_OFF, 3.5);
    assert_choice(0.3, TABLE, PRECISION_REACHED, 1.5);
    assert_choice(0.5, TABLE, PRECISION_REACHED, 1.5);
    assert_choice(0.55, TABLE, PRECISION_REACHED, 1.75);
    assert_choice(0.6, TABLE, PRECISION_REACHED, 2);
    assert_choice(0.61, TABLE, PRECISION_REACHED, 2.02); /* 2.0167 */
    assert_choice(0.9, TABLE, PRECISION_REACHED, 2.5);
    assert_choice(0.95, TABLE, PRECISION_NEAREST, 2.5);
    assert_float_equal(choose(0.95, TABLE).estimate, 0.9, 1e-9);
}

static void test_no_estimate(void **state) {
    (void)state;
    assert_choice(0.9, "{\"wrong_class\": {\"table\": []}}", PRECISION_UNKNOWN, 3.5);
    assert_choice(0.9, "null", PRECISION_UNKNOWN, 3.5);
    assert_choice(0.9,
                  "{\"wrong_class\": {\"table\": [{\"max_margin\": 1.5, \"precision\": null}]}}",
                  PRECISION_UNKNOWN, 3.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_no_estimate),
    };
    return RUN_TESTS(tests);
}
