/* The filter for all that is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/shown.h"
#include "unit.h"

static const struct {
    const char *bytes, *shown;
} cases[] = {
    {"", ""},
    {"plain: 1%s", "plain: 1%s"},
    {"gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0 \xf0\x9f\x90\x88 \xe2\x9c\x93 \xc2\xa0",
     "gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0 \xf0\x9f\x90\x88 \xe2\x9c\x93 \xc2\xa0"},
    {"a\x1b]0;title\x07z", "a\\x1b]0;title\\x07z"},
    {"a\nb\tc\rd\x7f", "a\\x0ab\\x09c\\x0dd\\x7f"},
    {"\xc2\x80\xc2\x9b"
     "31m\xc2\x9f",
     "\\xc2\\x80\\xc2\\x9b31m\\xc2\\x9f"},
    {"a\xe2\x80\xa8\xe2\x80\xa9", "a\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},
    {"gpj.\xe2\x80\xae", "gpj.\\xe2\\x80\\xae"},
    {"\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\xaa", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9\\xe2\\x80\\xaa"},
    {"\x9b\xff\xc0\xaf", "\\x9b\\xff\\xc0\\xaf"},                   /* bytes that begin nothing */
    {"\xed\xa0\x80\xe0\x80\x80", "\\xed\\xa0\\x80\\xe0\\x80\\x80"}, /* a surrogate, overlong */
    {"\xf4\x90\x80\x80\xf0\x9f\x90", "\\xf4\\x90\\x80\\x80\\xf0\\x9f\\x90"}, /* beyond, cut */
};

static void test_text(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text = {0};
        text_string(&text, "");
        text_shown(&text, cases[i].bytes, strlen(cases[i].bytes));
        assert_string_equal(text.data, cases[i].shown);
        text_free(&text);
    }
}

/* Whatever comes in, no byte comes out that a terminal acts upon. */
static void test_all_pairs_and_triples(void **state) {
    (void)state;
    for (uint32_t code = 0; code < 0x1000000; code += code < 0x20000 ? 1 : 251) {
        char bytes[3] = {(char)(code >> 16), (char)(code >> 8), (char)code};
        struct text text = {0};
        text_shown(&text, bytes, sizeof bytes);
        for (size_t at = 0; at < text.length;) {
            struct character character = character_read(text.data + at, text.length - at);
            unsigned char first = (unsigned char)text.data[at];
            assert_true(character.valid && character.printable && first >= 0x20 && first != 0x7f);
            at += character.length;
        }
        text_free(&text);
    }
}

/* What a function writes into a stream. */
static char *printed(void (*print)(FILE *, const char *), const char *bytes) {
    char *out = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&out, &size);
    assert_non_null(stream);
    print(stream, bytes);
    assert_int_equal(fclose(stream), 0);
    return out;
}

static void print_line(FILE *file, const char *bytes) {
    line_print(file, "%s", bytes);
}

static void test_line(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[256], *out = printed(print_line, cases[i].bytes);
        snprintf(expected, sizeof expected, "%s\n", cases[i].shown);
        assert_string_equal(out, expected);
        free(out);
    }
}

static void test_long_line(void **state) {
    (void)state;
    char *bytes = calloc(2 * LINE_BYTES, 1);
    assert_non_null(bytes);
    memset(bytes, 'a', 2 * LINE_BYTES - 1);
    char *out = printed(print_line, bytes);
    assert_int_equal(strlen(out), LINE_BYTES - 1 + strlen("...\n"));
    assert_string_equal(out + LINE_BYTES - 1, "...\n");
    free(out);
    free(bytes);
}

/* As stderr has none: whoever reads gets the line and its end together. */
static void test_line_without_a_buffer(void **state) {
    (void)state;
    int ends[2];
    char read_at_once[64];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    FILE *stream = fdopen(ends[0], "w");
    assert_non_null(stream);
    assert_int_equal(setvbuf(stream, NULL, _IONBF, 0), 0);
    print_line(stream, "one\x1b line");
    ssize_t length = read(ends[1], read_at_once, sizeof read_at_once);
    assert_int_equal(length, strlen("one\\x1b line\n"));
    assert_memory_equal(read_at_once, "one\\x1b line\n", (size_t)length);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(close(ends[1]), 0);
}

static void test_lines(void **state) {
    (void)state;
    char *out = printed(lines_print, "a\x1b[m\n\nb\r\nc");
    assert_string_equal(out, "a\\x1b[m\n\nb\\x0d\nc");
    free(out);
}

static void test_short_path(void **state) {
    (void)state;
    enum { LONG = 2 * SHORT_PATH_BYTES };
    char path[LONG + 1];
    assert_string_equal(short_path("").text, "");
    assert_string_equal(short_path("/data/a.jpg").text, "/data/a.jpg");
    memset(path, 'p', LONG);
    path[LONG] = '\0';
    const char *end = path + SHORT_PATH_BYTES;
    assert_string_equal(short_path(end).text, end);
    struct short_path cut = short_path(end - 1);
    assert_memory_equal(cut.text, "…", strlen("…"));
    assert_string_equal(cut.text + strlen("…"), end);
    /* No part of a character is left. */
    memcpy(path + SHORT_PATH_BYTES - 1, "ö", 2);
    cut = short_path(path);
    assert_string_equal(cut.text + strlen("…"), end + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_all_pairs_and_triples),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_line_without_a_buffer),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_short_path),
    };
    return RUN_TESTS(tests);
}
