/* Which output streams the flags ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/options_table.h"
#include "job/wanted.h"
#include "stream_find.h"
#include "unit.h"

static void test_flags_are_there(void **state) {
    (void)state;
    for (size_t row = 0; row < stream_count(); row++) {
        bool negated;
        const char *flag = stream_at(row)->flag;
        if (!flag)
            continue;
        int option = option_find(flag, &negated);
        assert_true(option >= 0 && !negated);
        assert_true(option_is_switch((size_t)option));
        /* A run is resumed only with the same streams. */
        assert_in_range(option_row((size_t)option)->effect, EFFECT_PREDICTIONS, EFFECT_MEANS);
    }
}

static void test_each_with_its_flag(void **state) {
    (void)state;
    struct options options = {0};
    unsigned always = streams_wanted(NULL, NULL);
    size_t predictions = stream_find("predictions");
    assert_int_equal(options_streams(&options), always);
    options.save_json = true;
    assert_int_equal(options_streams(&options), always | 1u << predictions);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags_are_there),
        cmocka_unit_test(test_each_with_its_flag),
    };
    return RUN_TESTS(tests);
}
