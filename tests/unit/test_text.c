/* Strings that grow, and JSON's two literals. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static const char *number(struct text *text, double value, int decimals) {
    text_clear(text);
    text_json_number(text, value, decimals);
    return text->data;
}

static const char *string(struct text *text, const char *value) {
    text_clear(text);
    text_json_string(text, value);
    return text->data;
}

static void test_numbers(void **state) {
    (void)state;
    struct text text = {0};
    assert_string_equal(number(&text, 0.25, 4), "0.25");
    assert_string_equal(number(&text, 3, 4), "3.0");
    assert_string_equal(number(&text, 0, 4), "0.0");
    assert_string_equal(number(&text, -0.00001, 4), "0.0");
    assert_string_equal(number(&text, -2.3026, 4), "-2.3026");
    assert_string_equal(number(&text, 100, 1), "100.0");
    assert_string_equal(number(&text, 0.99996, 4), "1.0");
    assert_string_equal(number(&text, NAN, 4), "null");
    assert_string_equal(number(&text, -INFINITY, 4), "null");
    assert_int_equal(text_status(&text), STATUS_OK);
    text_free(&text);
}

static void test_strings(void **state) {
    (void)state;
    struct text text = {0};
    assert_string_equal(string(&text, "plain"), "\"plain\"");
    assert_string_equal(string(&text, "a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    assert_string_equal(string(&text, "gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
    assert_string_equal(string(&text, "\xff"), "\"\xef\xbf\xbd\"");
    assert_string_equal(string(&text, "\xc0\xafx"), "\"\xef\xbf\xbd\xef\xbf\xbdx\"");
    assert_string_equal(string(&text, "\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_string_equal(string(&text, "\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_string_equal(string(&text, "\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"");
    text_free(&text);
}

static void test_growth(void **state) {
    (void)state;
    struct text text = {0};
    for (int i = 0; i < 1000; i++)
        text_format(&text, "%d,", i);
    assert_int_equal(text_status(&text), STATUS_OK);
    assert_int_equal(text.length, 3890);
    assert_memory_equal(text.data + text.length - 8, "998,999,", 9);
    text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
