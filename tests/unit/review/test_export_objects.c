/* What tools are given of a record: objects and what is suggested for them, classes, text as XML.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "review/export/class_list.h"
#include "review/export/objects.h"
#include "review/export/xml.h"
#include "unit.h"

static void assert_words(const struct export_object *object, const char *expected) {
    struct text text = {0};
    object_words(object, &text);
    ASSERT_OK(text_status(&text));
    assert_string_equal(text.length ? text.data : "", expected);
    text_free(&text);
}

static void test_suggestions(void **state) {
    (void)state;
    static const struct {
        enum reason reason;
        enum suggestion suggestion;
        int64_t suggested;
        const char *words;
    } cases[] = {
        {REASON_NONE, SUGGEST_NOTHING, -1, ""},
        {REASON_CLASS, SUGGEST_CLASS, 1, "class: looks like bowl"},
        {REASON_CONTESTED, SUGGEST_NOTHING, 1, "contested: may be bowl"},
        {REASON_LOCATION, SUGGEST_BOX, -1, "location: the object lies elsewhere"},
        {REASON_DUPLICATE, SUGGEST_DELETE, -1, "duplicate: another label has this object"},
        {REASON_UNSEEN, SUGGEST_DELETE, -1, "unseen: nothing of this size is seen here"},
        {REASON_WEAK, SUGGEST_NOTHING, -1, "weak: little evidence for it, none against it"},
    };
    struct object_list list = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record_box box = {.line = 3,
                                 .name = "cup",
                                 .xywhn = {0.5, 0.5, 0.2, 0.4},
                                 .reason = cases[i].reason,
                                 .suggested = 1,
                                 .suggested_name = "bowl",
                                 .has_refined = true,
                                 .refined = {0.5, 0.5, 1, 1}};
        const struct record record = {.width = 100, .height = 50, .n_boxes = 1, .boxes = &box};
        ASSERT_OK(objects_of(&record, &list));
        assert_int_equal(list.count, cases[i].reason == REASON_LOCATION ? 2 : 1);
        assert_int_equal(list.items[0].suggestion, cases[i].suggestion);
        assert_int_equal(list.items[0].suggested, cases[i].suggested);
        assert_words(&list.items[0], cases[i].words);
        assert_true(fabs(list.items[0].corners[0] - 40) < 1e-9 &&
                    fabs(list.items[0].corners[3] - 35) < 1e-9);
    }
    object_list_free(&list);
}

/* Nothing is suggested where there is nothing to suggest. */
static void test_without_another(void **state) {
    (void)state;
    struct record_box boxes[] = {
        {.reason = REASON_CLASS, .suggested = -1, .xywhn = {0.5, 0.5, 1, 1}},
        {.reason = REASON_LOCATION, .suggested = -1, .xywhn = {0.5, 0.5, 1, 1}},
    };
    struct record_missing missing[] = {{.xywhn = {NAN, NAN, NAN, NAN}},
                                       {.name = "cup", .xywhn = {0.5, 0.5, 1, 1}}};
    const struct record record = {
        .width = 9, .height = 9, .n_boxes = 2, .boxes = boxes, .n_missing = 2, .missing = missing};
    struct object_list list = {0};
    ASSERT_OK(objects_of(&record, &list));
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[0].suggestion, SUGGEST_NOTHING);
    assert_words(&list.items[0], "class: looks like");
    assert_int_equal(list.items[1].suggestion, SUGGEST_NOTHING);
    assert_int_equal(list.items[2].kind, OBJECT_MISSING);
    assert_words(&list.items[2], "missing: no label has this object");
    object_list_free(&list);
}

static void note_name(struct text *text, const char *name, bool first) {
    text_format(text, "%s%s", first ? "" : "|", name);
}

static void test_classes(void **state) {
    (void)state;
    const char *names[] = {"b", "a", "b"};
    const struct run_results results = {.n_classes = 3, .names = names};
    struct class_list list;
    struct text text = {0};
    class_list_begin(&results, &list);
    ASSERT_OK(class_list_note(&list, 9, "class9"));
    ASSERT_OK(class_list_note(&list, 1, "a"));
    ASSERT_OK(class_list_note(&list, 4, "a"));
    ASSERT_OK(class_list_note(&list, 9, "class9"));
    ASSERT_OK(class_list_note(&list, -1, ""));
    assert_int_equal(class_list_count(&list), 6);
    assert_int_equal(class_list_number(&list, 3), -1);
    assert_int_equal(class_list_number(&list, 4), 4);
    assert_string_equal(class_list_name(&list, 5), "class9");
    ASSERT_OK(class_list_write(&list, note_name, &text));
    assert_string_equal(text.data, "b|a||class9");
    class_list_free(&list);
    text_free(&text);
}

static void test_xml(void **state) {
    (void)state;
    struct text text = {0};
    xml_attribute(&text, "a", "<&>\"' \t\r\n\x01\x7f\xff\xed\xa0\x80\xef\xbf\xbe ü");
    ASSERT_OK(text_status(&text));
    assert_string_equal(text.data,
                        " a=\"&lt;&amp;&gt;&quot;' &#9;&#13;&#10;\xef\xbf\xbd\x7f\xef\xbf\xbd"
                        "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd ü\"");
    text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_without_another),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_xml),
    };
    return RUN_TESTS(tests);
}
