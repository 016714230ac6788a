/* COCO's annotations, and JSON as it is gone through: whole, odd and cut off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "damage.h"
#include "data/coco.h"
#include "unit.h"

static const char whole[] =
    "\xef\xbb\xbf {\"info\": {\"a\": [1, {\"b\": \"]}\\\"\"}]}, \"annotations\": [\n"
    " {\"id\": 5, \"image_id\": 7, \"category_id\": 90, \"bbox\": [10, 20, 30.0, 4e1], "
    "\"area\": 1, \"iscrowd\": 0, \"segmentation\": []},\n"
    " {\"bbox\": [1,2,3,4,5], \"image_id\": \"x\", \"category_id\": 1},\n"
    " {\"category_id\": 2, \"image_id\": 7, \"bbox\": [0, 0, 1, 1], \"iscrowd\": true},\n"
    " {\"category_id\": 1, \"image_id\": 7, \"bbox\": [0, 0, 1, 1], \"keypoints\": [1], "
    "\"segmentation\": {\"counts\": \"x\"}}\n"
    "], \"images\": [{\"file_name\": \"a\\u00e9\\ud83d\\ude00\\/b.jpg\", \"id\": 7, "
    "\"width\": 100, \"height\": 200}, {\"id\": \"x\", \"file_name\": \"c\"}],\n"
    "\"categories\": [{\"id\": 1, \"name\": \"one\"}, {\"name\": \"ninety\", \"id\": 90}]} ";

static void test_whole(void **state) {
    (void)state;
    struct coco coco;
    ASSERT_OK(coco_open("f", whole, sizeof whole - 1, &coco));
    assert_int_equal(coco.n_images, 2);
    assert_int_equal(coco.n_categories, 2);
    struct text text = {0};
    assert_true(json_span_text(whole, coco.images[0].name, &text));
    assert_string_equal(text.data, "a\xc3\xa9\xf0\x9f\x98\x80/b.jpg");
    text_free(&text);
    struct json_scan scan = {0};
    struct coco_annotation annotation = {0};
    bool first;
    float xywhn[4];
    assert_true(coco_next(&coco, &scan, &first, &annotation));
    assert_int_equal(annotation.number, 1);
    assert_int_equal(annotation.class, 1);
    assert_int_equal(annotation.image, 0);
    assert_int_equal(annotation.form, LABEL_BOX);
    assert_true(coco_box(&coco, &annotation, xywhn));
    const float wanted[] = {0.25F, 0.2F, 0.3F, 0.2F};
    for (size_t i = 0; i < 4; i++)
        assert_float_equal(xywhn[i], wanted[i], 1e-6);
    assert_true(coco_next(&coco, &scan, &first, &annotation));
    assert_int_equal(annotation.image, 1);
    assert_false(annotation.has_box);
    assert_true(coco_next(&coco, &scan, &first, &annotation));
    assert_true(annotation.crowd);
    assert_true(annotation.class == COCO_NONE);
    assert_true(coco_next(&coco, &scan, &first, &annotation));
    assert_int_equal(annotation.form, LABEL_POSE);
    assert_false(coco_next(&coco, &scan, &first, &annotation));
    ASSERT_OK(coco_check(&coco, &scan));
    coco_free(&coco);
}

/* Goes through all of a text that need not be whole; whether it was. */
static bool walk(void *context, const char *bytes, size_t length) {
    (void)context;
    struct coco coco;
    struct json_scan scan = {0};
    struct coco_annotation annotation = {0};
    bool first;
    float xywhn[4];
    enum status status = coco_open("f", bytes, length, &coco);
    while (status == STATUS_OK && coco_next(&coco, &scan, &first, &annotation))
        coco_box(&coco, &annotation, xywhn);
    bool good = status == STATUS_OK && coco_check(&coco, &scan) == STATUS_OK;
    coco_free(&coco);
    return good;
}

static void test_cut_off(void **state) {
    (void)state;
    assert_none_cut_off(whole, sizeof whole - 1, sizeof whole - 3, walk, NULL);
}

/* Each byte another one: nothing is read that is not there. */
static void test_damaged(void **state) {
    (void)state;
    static const char others[] = "\"\\{}[],:0 \0x\xff";
    damage_each(whole, sizeof whole - 1, others, sizeof others - 1, walk, NULL);
}

static void test_refused(void **state) {
    (void)state;
    char deep[256] = "{\"a\": ";
    memset(deep + 6, '[', 100);
    const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "f is not COCO's annotations"},
        {"[1]", "f is not COCO's annotations"},
        {"{\"images\": {}}", "'images' is not an array"},
        {"{\"images\": [1]}", "an image is not an object"},
        {"{\n\"images\": [{\"id\": 1}]}", "f, line 2: an image has no 'id' or no 'file_name'"},
        {"{\"categories\": [{\"id\": 1}]}", "a category has no 'id' or no 'name'"},
        {"{\"a\": [}}", "brackets do not match"},
        {"{\"a\" 1}", "a colon is expected"},
        {"{\"a\": 1 \"b\": 2}", "a comma or a closing bracket is expected"},
        {"{1: 2}", "a member's name is expected"},
        {"{\"a\": \"", "a text has no end"},
        {deep, "more than 64 levels of nesting"},
        {"{\"images\": [{\"id\": 1, \"file_name\": \"a\"}, {\"id\": 1, \"file_name\": \"b\"}], "
         "\"annotations\": [], \"categories\": [{\"id\": 1, \"name\": \"a\"}]}",
         "have the same 'id'"},
        {"{\"images\": [{\"id\": 1, \"file_name\": \"a\"}], \"annotations\": [], "
         "\"categories\": []}",
         "names no 'categories'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct coco coco;
        assert_int_equal(coco_open("f", cases[i].text, strlen(cases[i].text), &coco),
                         STATUS_BAD_INPUT);
        if (!strstr(status_message(), cases[i].reason))
            fail_msg("'%s' lacks '%s'", status_message(), cases[i].reason);
        coco_free(&coco);
    }
}

static void test_bad_texts(void **state) {
    (void)state;
    static const char *const bad[] = {"\"\\u12\"",         "\"\\ud800\"", "\"\\ud800\\u0041\"",
                                      "\"\\u0000\"",       "\"\\q\"",     "1",
                                      "\"\\ud800\\ud800\""};
    struct text text = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(json_span_text(bad[i], (struct json_span){0, strlen(bad[i])}, &text));
    assert_true(json_span_text("\"\\n\\\"\\\\\"", (struct json_span){0, 8}, &text));
    assert_string_equal(text.data, "\n\"\\");
    text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),     cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_damaged),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bad_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
