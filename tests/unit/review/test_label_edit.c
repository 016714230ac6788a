/* Decisions carried out on label files: what is not decided stays the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "review/apply/label_diff.h"
#include "review/apply/label_edit.h"
#include "unit.h"

#include <string.h>

/* A decision about a line that is as it was judged. */
static struct decision make(enum action action, uint32_t line, char *text, int64_t class) {
    return (struct decision){.action = action,
                             .line = line,
                             .class = class,
                             .text = text,
                             .text_length = text ? strlen(text) : 0,
                             .xywhn = {0.5, 0.25, 0.125, 0.0625}};
}

/* Edits a file; the number of decisions that were refused. */
static size_t edit(const char *before, struct decision *decisions, size_t count,
                   const char *after) {
    struct label_edit made = {0};
    size_t refused = 0;
    ASSERT_OK(label_edit_make(before, before ? strlen(before) : 0, NULL, decisions, count, &made));
    assert_string_equal(made.after.data ? made.after.data : "", after);
    for (size_t i = 0; i < count; i++)
        refused += decisions[i].refused != NULL;
    label_edit_free(&made);
    return refused;
}

static size_t edit_one(const char *before, struct decision decision, const char *after) {
    return edit(before, &decision, 1, after);
}

#define BOX "0.5 0.5 0.1 0.1"

static void test_class(void **state) {
    (void)state;
    assert_int_equal(edit_one("3 " BOX "\n", make(ACTION_CLASS, 1, "3 " BOX, 12), "12 " BOX "\n"),
                     0);
    /* Blanks, a mark, ends, precision, other lines. */
    const char *before = "\xef\xbb\xbf  3\t0.50000000  .5 5e-1 1.0 \r\n\r\n# note\r4 " BOX;
    assert_int_equal(edit_one(before, make(ACTION_CLASS, 1, "  3\t0.50000000  .5 5e-1 1.0 ", 7),
                              "\xef\xbb\xbf  7\t0.50000000  .5 5e-1 1.0 \r\n\r\n# note\r4 " BOX),
                     0);
    assert_int_equal(edit_one(before, make(ACTION_CLASS, 4, "4 " BOX, 10),
                              "\xef\xbb\xbf  3\t0.50000000  .5 5e-1 1.0 \r\n\r\n# note\r10 " BOX),
                     0);
    /* A polygon and a sixth column keep what follows. */
    assert_int_equal(
        edit_one("0 0 0 1 0 1 1\n", make(ACTION_CLASS, 1, "0 0 0 1 0 1 1", 2), "2 0 0 1 0 1 1\n"),
        0);
    assert_int_equal(edit_one("0.0 " BOX " 0.9\n", make(ACTION_CLASS, 1, "0.0 " BOX " 0.9", 2),
                              "2 " BOX " 0.9\n"),
                     0);
}

static void test_box(void **state) {
    (void)state;
    assert_int_equal(edit_one("3\t" BOX " 0.9 \n", make(ACTION_BOX, 1, "3\t" BOX " 0.9", -1),
                              "3\t0.5 0.25 0.125 0.0625 0.9 \n"),
                     0);
    assert_int_equal(
        edit_one("3 " BOX "\n", make(ACTION_BOX, 1, "3 " BOX, 5), "5 0.5 0.25 0.125 0.0625\n"), 0);
    struct decision decision = make(ACTION_BOX, 1, "0 0 0 1 0 1 1", -1);
    assert_int_equal(edit("0 0 0 1 0 1 1\n", &decision, 1, "0 0 0 1 0 1 1\n"), 1);
    assert_non_null(strstr(decision.refused, "polygon"));
    assert_int_equal(edit_one("3 0.5\n", make(ACTION_BOX, 1, "3 0.5", -1), "3 0.5\n"), 1);
}

static void test_delete(void **state) {
    (void)state;
    assert_int_equal(edit_one("1 a\r\n2 b\r\n3 c", make(ACTION_DELETE, 2, "2 b", -1), "1 a\r\n3 c"),
                     0);
    assert_int_equal(edit_one("1 a\n2 b", make(ACTION_DELETE, 2, "2 b", -1), "1 a\n"), 0);
    assert_int_equal(edit_one("\xef\xbb\xbf"
                              "1 a\n2 b",
                              make(ACTION_DELETE, 1, "1 a", -1),
                              "\xef\xbb\xbf"
                              "2 b"),
                     0);
    assert_int_equal(edit_one("1 a\r2 b\r", make(ACTION_DELETE, 1, "1 a", -1), "2 b\r"), 0);
    assert_int_equal(edit_one("1 a", make(ACTION_DELETE, 1, "1 a", -1), ""), 0);
}

static void test_add(void **state) {
    (void)state;
    const char *new = "9 0.5 0.25 0.125 0.0625";
    struct {
        const char *before, *head, *tail;
    } cases[] = {
        {NULL, "", "\n"},
        {"", "", "\n"},
        {"1 " BOX "\n", "1 " BOX "\n", "\n"},
        {"1 " BOX "\r\n", "1 " BOX "\r\n", "\r\n"},
        {"1 " BOX "\r", "1 " BOX "\r", "\r"},
        {"1 " BOX, "1 " BOX "\n", ""},
        {"2 " BOX "\r\n1 " BOX, "2 " BOX "\r\n1 " BOX "\r\n", ""},
        {"\xef\xbb\xbf", "\xef\xbb\xbf", "\n"},
        {"1 " BOX "\n\n", "1 " BOX "\n\n", "\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char after[256];
        snprintf(after, sizeof after, "%s%s%s", cases[i].head, new, cases[i].tail);
        assert_int_equal(edit_one(cases[i].before, make(ACTION_ADD, 0, NULL, 9), after), 0);
    }
    /* Two of one file, the same one twice, and one that is there. */
    struct decision several[] = {make(ACTION_ADD, 0, NULL, 9), make(ACTION_ADD, 0, NULL, 9),
                                 make(ACTION_ADD, 0, NULL, 8)};
    assert_int_equal(
        edit("1 " BOX, several, 3, "1 " BOX "\n9 0.5 0.25 0.125 0.0625\n8 0.5 0.25 0.125 0.0625"),
        0);
    assert_int_equal(edit_one("9 0.500000 0.25 0.125 0.0625\n", make(ACTION_ADD, 0, NULL, 9),
                              "9 0.500000 0.25 0.125 0.0625\n"),
                     1);
    assert_int_equal(edit_one("9 0 0 1 0 1 1\n", make(ACTION_ADD, 0, NULL, 9), "9 0 0 1 0 1 1\n"),
                     1);
    /* Behind a last line that goes. */
    struct decision both[] = {make(ACTION_DELETE, 1, "1 " BOX, -1), make(ACTION_ADD, 0, NULL, 9)};
    assert_int_equal(edit("\xef\xbb\xbf"
                          "1 " BOX,
                          both, 2,
                          "\xef\xbb\xbf"
                          "9 0.5 0.25 0.125 0.0625\n"),
                     0);
}

static void test_text_differs(void **state) {
    (void)state;
    const char *before = "1 " BOX "\n2 " BOX "\n";
    assert_int_equal(edit_one(before, make(ACTION_CLASS, 1, "1 0.5 0.5 0.1 0.2", 3), before), 1);
    assert_int_equal(edit_one(before, make(ACTION_DELETE, 3, "1 " BOX, -1), before), 1);
    assert_int_equal(edit_one(before, make(ACTION_DELETE, 2, "1 " BOX, -1), before), 1);
    assert_int_equal(edit_one("", make(ACTION_DELETE, 1, "1 " BOX, -1), ""), 1);
    /* What is no UTF-8 is U+FFFD in JSON. */
    assert_int_equal(edit_one("caf\xe9\n", make(ACTION_DELETE, 1, "caf\xef\xbf\xbd", -1), ""), 0);
    /* What records have instead of a text, rounded. */
    struct decision recorded = make(ACTION_CLASS, 2, NULL, 3);
    recorded.judged_class = 2;
    memcpy(recorded.judged_xywhn, (double[]){0.333333, 0.5, 0.1, 0.1},
           sizeof recorded.judged_xywhn);
    assert_int_equal(edit_one("1 " BOX "\n2 0.33333333 0.5 0.1 0.1\n", recorded,
                              "1 " BOX "\n3 0.33333333 0.5 0.1 0.1\n"),
                     0);
    assert_int_equal(edit_one("1 " BOX "\n2 0.33334 0.5 0.1 0.1\n", recorded,
                              "1 " BOX "\n2 0.33334 0.5 0.1 0.1\n"),
                     1);
    assert_int_equal(edit_one("1 " BOX "\n4 0.333333 0.5 0.1 0.1\n", recorded,
                              "1 " BOX "\n4 0.333333 0.5 0.1 0.1\n"),
                     1);
}

static void test_several(void **state) {
    (void)state;
    const char *before = "1 " BOX "\n2 " BOX "\n";
    struct decision apart[] = {make(ACTION_CLASS, 1, "1 " BOX, 3),
                               make(ACTION_BOX, 1, "1 " BOX, -1),
                               make(ACTION_KEEP, 2, "2 " BOX, -1)};
    assert_int_equal(edit(before, apart, 3, "3 0.5 0.25 0.125 0.0625\n2 " BOX "\n"), 0);
    struct decision same[] = {make(ACTION_CLASS, 1, "1 " BOX, 3),
                              make(ACTION_CLASS, 1, "1 " BOX, 3)};
    assert_int_equal(edit(before, same, 2, "3 " BOX "\n2 " BOX "\n"), 0);
    struct decision against[] = {make(ACTION_CLASS, 1, "1 " BOX, 3),
                                 make(ACTION_CLASS, 1, "1 " BOX, 4),
                                 make(ACTION_CLASS, 2, "2 " BOX, 4)};
    assert_int_equal(edit(before, against, 3, "1 " BOX "\n4 " BOX "\n"), 2);
    struct decision kept[] = {make(ACTION_DELETE, 1, "1 " BOX, -1),
                              make(ACTION_KEEP, 1, "1 " BOX, -1)};
    assert_int_equal(edit(before, kept, 2, before), 2);
    /* One that is refused for itself contradicts nothing. */
    struct decision stale[] = {make(ACTION_CLASS, 1, "7 " BOX, 3),
                               make(ACTION_CLASS, 1, "1 " BOX, 4)};
    assert_int_equal(edit(before, stale, 2, "4 " BOX "\n2 " BOX "\n"), 1);
    /* What is there already is no change. */
    struct label_edit made = {0};
    struct decision none = make(ACTION_CLASS, 1, "1 " BOX, 1);
    ASSERT_OK(label_edit_make(before, strlen(before), NULL, &none, 1, &made));
    assert_int_equal(made.n_ranges, 0);
    assert_string_equal(made.after.data, before);
    label_edit_free(&made);
}

/* ---------------------------------------------------------------- differences */

static void check_diff(const char *path, const char *before, struct decision *decisions,
                       size_t count, const char *wanted) {
    struct label_edit made = {0};
    struct text text = {0};
    size_t length = before ? strlen(before) : 0;
    ASSERT_OK(label_edit_make(before, length, NULL, decisions, count, &made));
    ASSERT_OK(label_diff(path, before, length, &made, &text));
    assert_string_equal(text.data ? text.data : "", wanted);
    label_edit_free(&made);
    text_free(&text);
}

static void test_diff(void **state) {
    (void)state;
    struct decision second = make(ACTION_CLASS, 2, "2 b", 5);
    check_diff("labels/a.txt", "1 a\r\n2 b\r\n3 c", &second, 1,
               "--- a/labels/a.txt\n+++ b/labels/a.txt\n@@ -1,3 +1,3 @@\n 1 a\r\n-2 b\r\n+5 b\r\n"
               " 3 c\n\\ No newline at end of file\n");
    struct decision new = make(ACTION_ADD, 0, NULL, 9);
    check_diff("a b.txt", NULL, &new, 1,
               "--- /dev/null\n+++ b/a b.txt\t\n@@ -0,0 +1,1 @@\n+9 0.5 0.25 0.125 0.0625\n");
    check_diff("a\"b\n.txt", "1 " BOX, &new, 1,
               "--- \"a/a\\\"b\\012.txt\"\n+++ \"b/a\\\"b\\012.txt\"\n@@ -1,1 +1,2 @@\n-1 " BOX
               "\n\\ No newline at end of file\n+1 " BOX
               "\n+9 0.5 0.25 0.125 0.0625\n\\ No newline "
               "at end of file\n");
    struct decision all = make(ACTION_DELETE, 1, "1 a", -1);
    check_diff("a.txt", "1 a\n", &all, 1, "--- a/a.txt\n+++ b/a.txt\n@@ -1,1 +0,0 @@\n-1 a\n");
    struct decision nothing = make(ACTION_CLASS, 1, "7 a", 5);
    check_diff("a.txt", "1 a\n", &nothing, 1, "");
    /* Lines of CR alone are one line of a patch. */
    struct decision old = make(ACTION_CLASS, 2, "2 b", 5);
    check_diff("a.txt", "1 a\r2 b\r", &old, 1,
               "--- a/a.txt\n+++ b/a.txt\n@@ -1,1 +1,1 @@\n-1 a\r2 b\r\n\\ No newline at end of "
               "file\n+1 a\r5 b\r\n\\ No newline at end of file\n");
}

static void test_diff_hunks(void **state) {
    (void)state;
    const char *before = "1 a\n1 b\n1 c\n1 d\n1 e\n1 f\n1 g\n1 h\n1 i\n1 j\n";
    struct decision near[] = {make(ACTION_DELETE, 1, "1 a", -1), make(ACTION_CLASS, 8, "1 h", 2)};
    check_diff("a.txt", before, near, 2,
               "--- a/a.txt\n+++ b/a.txt\n@@ -1,10 +1,9 @@\n-1 a\n 1 b\n 1 c\n 1 d\n 1 e\n 1 f\n "
               "1 g\n-1 h\n+2 h\n 1 i\n 1 j\n");
    struct decision far[] = {make(ACTION_DELETE, 1, "1 a", -1), make(ACTION_CLASS, 9, "1 i", 2)};
    check_diff("a.txt", before, far, 2,
               "--- a/a.txt\n+++ b/a.txt\n@@ -1,4 +1,3 @@\n-1 a\n 1 b\n 1 c\n 1 d\n"
               "@@ -6,5 +5,5 @@\n 1 f\n 1 g\n 1 h\n-1 i\n+2 i\n 1 j\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_class),        cmocka_unit_test(test_box),
        cmocka_unit_test(test_delete),       cmocka_unit_test(test_add),
        cmocka_unit_test(test_text_differs), cmocka_unit_test(test_several),
        cmocka_unit_test(test_diff),         cmocka_unit_test(test_diff_hunks),
    };
    return RUN_TESTS(tests);
}
