/* JSON text, value by value: what is there, what is skipped, what is none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "review/json_reader.h"
#include "unit.h"

enum { MOST = 256 };

/* A reader of a copy of the text. */
static struct json_reader reader_of(const char *text, char copy[MOST]) {
    assert_true(strlen(text) < MOST);
    strcpy(copy, text);
    return (struct json_reader){.at = copy};
}

static void test_strings(void **state) {
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"\"\"", ""},
        {" \t\"plain\" ", "plain"},
        {"\"a\\\"b\\\\c\\/d\\n\\t\\r\\b\\f\"", "a\"b\\c/d\n\t\r\b\f"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!"},
        {"\"\\ud83d!\\ude00\"", "\xef\xbf\xbd!\xef\xbf\xbd"},
        {"\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                               "A"},
    };
    static const char *const bad[] = {"\"", "\"\\\"", "\"\\u00e\"", "\"\\x\"", "\"a\\", "\"\\u12"};
    char copy[MOST];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_reader reader = reader_of(cases[i].json, copy);
        assert_string_equal(json_string(&reader), cases[i].text);
        assert_true(json_at_end(&reader));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct json_reader reader = reader_of(bad[i], copy);
        json_string(&reader);
        assert_false(json_at_end(&reader));
    }
}

static void test_numbers(void **state) {
    char copy[MOST];
    struct json_reader reader = reader_of("[0, -1.5, 2.1e-07, null, \"3\", [4], nan, 5]", copy);
    static const double expected[] = {0, -1.5, 2.1e-07, NAN, NAN, NAN, NAN, 5};
    (void)state;
    assert_true(json_enter(&reader, '['));
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(json_more(&reader, ']'));
        double value = json_number(&reader);
        assert_true(isnan(expected[i]) ? isnan(value) : value == expected[i]);
    }
    assert_false(json_more(&reader, ']'));
    assert_true(json_at_end(&reader));
}

static void test_objects(void **state) {
    char copy[MOST];
    size_t length;
    struct json_reader reader = reader_of(
        "{\"a\": {\"x\": [1, {\"]\": \"}\\\"\"}], \"y\": {}}, \"b\\n\" : true,\"c\":\"z\"}\n",
        copy);
    (void)state;
    assert_true(json_enter(&reader, '{'));
    assert_true(json_more(&reader, '}'));
    assert_string_equal(json_key(&reader, &length), "a");
    assert_int_equal(length, 1);
    assert_false(json_enter(&reader, '['));
    assert_true(json_more(&reader, '}'));
    assert_string_equal(json_key(&reader, &length), "b\n");
    assert_null(json_string(&reader));
    assert_true(json_more(&reader, '}'));
    json_key(&reader, &length);
    assert_string_equal(json_string(&reader), "z");
    assert_false(json_more(&reader, '}'));
    assert_true(json_at_end(&reader));
}

/* Cut short anywhere, or with more behind it, it is none; reading it ends. */
static void test_what_is_no_json(void **state) {
    static const char whole[] = "{\"a\": [1, {\"b\": \"\\u00e9\"}], \"c\": null}";
    static const char *const more[] = {"{\"a\": 1} x", "{\"a\" 1}", "{a: 1}", "{\"a\": }",
                                       "{\"a\": 1,}"};
    char copy[MOST], cut[MOST];
    size_t length;
    (void)state;
    for (size_t i = 0; i < sizeof whole - 1 + sizeof more / sizeof *more; i++) {
        snprintf(cut, sizeof cut, "%.*s", (int)(i < sizeof whole - 1 ? i : MOST - 1),
                 i < sizeof whole - 1 ? whole : more[i - (sizeof whole - 1)]);
        struct json_reader reader = reader_of(cut, copy);
        if (json_enter(&reader, '{'))
            while (json_more(&reader, '}')) {
                json_key(&reader, &length);
                json_skip(&reader);
            }
        if (json_at_end(&reader))
            fail_msg("%s is taken for JSON", cut);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_what_is_no_json),
    };
    return RUN_TESTS(tests);
}
