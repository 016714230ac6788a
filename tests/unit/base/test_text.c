/* Strings that grow, and JSON's two literals. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "unit.h"

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

/* What printf writes, without its zeros. */
static void assert_as_printed(struct text *text, double value, int decimals) {
    char printed[400];
    int length = snprintf(printed, sizeof printed, "%.*f", decimals, value);
    while (printed[length - 1] == '0' && printed[length - 2] != '.')
        printed[--length] = '\0';
    assert_string_equal(number(text, value, decimals),
                        strcmp(printed, "-0.0") == 0 ? "0.0" : printed);
}

static void test_numbers_as_printed(void **state) {
    (void)state;
    struct text text = {0};
    const double edges[] = {0,      0x1p-1074, 0x1p-1022, 0x1p-60, 0x1p-48, 0x1p-47, 0x1p39,
                            0x1p40, 0x1p41,    0x1p53,    1e300,   DBL_MAX, 99999.5, 0.9999995};
    uint64_t bits = 1;
    for (int decimals = 1; decimals <= 8; decimals++) {
        for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
            for (int step = -1; step <= 1; step++) {
                double near = step ? nextafter(edges[i], step * INFINITY) : edges[i];
                if (isfinite(near))
                    assert_as_printed(&text, near, decimals);
                assert_as_printed(&text, -edges[i], decimals);
            }
        /* Ties, which go to the even digit, and both sides of them. */
        for (double tie = 0x1p-10; tie < 40; tie += 0x1p-10) {
            assert_as_printed(&text, tie, decimals);
            assert_as_printed(&text, -nextafter(tie, 0), decimals);
            assert_as_printed(&text, nextafterf((float)tie, 100), decimals);
        }
        for (int i = 0; i < 5000; i++) {
            bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            double value = ldexp((double)(bits >> 11), -(int)(bits % 110));
            assert_as_printed(&text, bits & 1024 ? value : -value, decimals);
        }
    }
    text_free(&text);
}

static const char *significant(struct text *text, double value, int digits) {
    text_clear(text);
    text_json_significant(text, value, digits);
    return text->data;
}

static void test_significant_digits(void **state) {
    (void)state;
    struct text text = {0};
    assert_string_equal(significant(&text, 1, 6), "1.0");
    assert_string_equal(significant(&text, 0, 6), "0.0");
    assert_string_equal(significant(&text, -0.0, 6), "0.0");
    assert_string_equal(significant(&text, 0.25, 6), "0.25");
    assert_string_equal(significant(&text, 0.0312437512, 6), "0.0312438");
    assert_string_equal(significant(&text, 3.12437512e-05, 6), "3.12438e-05");
    assert_string_equal(significant(&text, -2e-300, 6), "-2e-300");
    assert_string_equal(significant(&text, 1234567, 6), "1.23457e+06");
    assert_string_equal(significant(&text, 123456, 6), "123456.0");
    assert_string_equal(significant(&text, 0.9999999, 6), "1.0");
    assert_string_equal(significant(&text, NAN, 6), "null");
    assert_string_equal(significant(&text, INFINITY, 6), "null");
    assert_string_equal(significant(&text, DBL_MIN, 17), "2.2250738585072014e-308");
    assert_int_equal(text_status(&text), STATUS_OK);
    text_free(&text);
}

static void test_counts(void **state) {
    (void)state;
    struct text text = {0};
    text_count(&text, 0);
    text_count(&text, 10);
    text_count(&text, UINT64_MAX);
    assert_string_equal(text.data, "01018446744073709551615");
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
    /* What a terminal acts upon: the file can be shown. */
    assert_string_equal(string(&text, "\x7f\xc2\x9b\x31"), "\"\\u007f\\u009b1\"");
    assert_string_equal(string(&text, "\xe2\x80\xae\xe2\x81\xa9\xe2\x80\xa8"),
                        "\"\\u202e\\u2069\\u2028\"");
    assert_string_equal(string(&text, "\xc2\xa0\xe2\x80\x93"), "\"\xc2\xa0\xe2\x80\x93\"");
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
    /* Longer than the room that a format is tried in. */
    for (int width = 1; width < 300; width++) {
        text_clear(&text);
        text_format(&text, "%0*d", width, 7);
        assert_int_equal(text.length, width);
        assert_int_equal(strlen(text.data), width);
        assert_int_equal(text.data[width - 1], '7');
        text_free(&text);
    }
    text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_as_printed),
        cmocka_unit_test(test_significant_digits),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_growth),
    };
    return RUN_TESTS(tests);
}
