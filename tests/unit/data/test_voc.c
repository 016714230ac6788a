/* Pascal VOC's annotations, and XML as it is gone through: whole, odd and cut off. */
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
#include "data/voc.h"
#include "data/xml_scan.h"
#include "unit.h"

static const char whole[] =
    "\xef\xbb\xbf<?xml version='1.0'?>\n<!DOCTYPE annotation [<!ENTITY a 'b>'>]>\n"
    "<!-- <object> -->\n<annotation verified=\"a > b\">\n"
    "\t<size><width>100</width><height>\n50 </height><depth>3</depth></size>\n"
    "\t<object>\n\t\t<name> a &amp; b&#33;&#x21; </name>\n\t\t<pose/>\n"
    "\t\t<part><name>head</name><bndbox><xmin>9</xmin></bndbox></part>\n"
    "\t\t<bndbox><ymin>6</ymin><xmin>11</xmin><xmax>31.0</xmax><ymax>16</ymax></bndbox>\n"
    "\t</object>\n"
    "\t<object><polygon><x1>1</x1></polygon><name>c</name><bndbox/></object>\n"
    "</annotation>\n";

static void test_whole(void **state) {
    (void)state;
    struct voc voc;
    const char *problem;
    float xywhn[4];
    struct text name = {0};
    ASSERT_OK(voc_parse(whole, sizeof whole - 1, &voc, &problem));
    assert_null(problem);
    assert_int_equal(voc.n_objects, 2);
    xml_scan_text(whole, voc.objects[0].name.begin, voc.objects[0].name.end, &name);
    assert_string_equal(name.data, "a & b!!");
    assert_null(voc_box(whole, &voc, &voc.objects[0], xywhn));
    const float wanted[] = {0.2F, 0.2F, 0.2F, 0.2F};
    for (size_t i = 0; i < 4; i++)
        assert_float_equal(xywhn[i], wanted[i], 1e-6);
    assert_false(voc.objects[0].outlined);
    assert_true(voc.objects[1].outlined);
    assert_string_equal(voc_box(whole, &voc, &voc.objects[1], xywhn),
                        "it has no 'bndbox' of four numbers");
    assert_memory_equal(whole + voc.objects[1].whole.begin, "<object>", 8);
    assert_memory_equal(whole + voc.objects[1].whole.end - 9, "</object>", 9);
    assert_memory_equal(whole + voc.end, "</annotation>", 13);
    voc_free(&voc);
    text_free(&name);
}

static bool walk(void *context, const char *bytes, size_t length) {
    (void)context;
    struct voc voc;
    const char *problem;
    float xywhn[4];
    struct text name = {0};
    ASSERT_OK(voc_parse(bytes, length, &voc, &problem));
    for (size_t i = 0; i < voc.n_objects; i++) {
        voc_box(bytes, &voc, &voc.objects[i], xywhn);
        xml_scan_text(bytes, voc.objects[i].name.begin, voc.objects[i].name.end, &name);
    }
    voc_free(&voc);
    text_free(&name);
    return !problem;
}

static void test_cut_off(void **state) {
    (void)state;
    assert_none_cut_off(whole, sizeof whole - 1, sizeof whole - 2, walk, NULL);
}

static void test_damaged(void **state) {
    (void)state;
    static const char others[] = "<>/&;!\"' \0x\xff";
    damage_each(whole, sizeof whole - 1, others, sizeof others - 1, walk, NULL);
}

static void test_refused(void **state) {
    (void)state;
    char deep[2048] = "<annotation>";
    for (size_t i = 0; i < 100; i++)
        strcat(deep, "<a>");
    const struct {
        const char *text, *problem;
    } cases[] = {
        {"", "it has no 'annotation', or that has no end"},
        {"\xff\xfe<", "a tag has no name or no end"},
        {"<kml></kml>", "its root is no 'annotation'"},
        {"<annotation><a></b></annotation>", "tags do not match"},
        {"<annotation><a></annotation>", "tags do not match"},
        {"</annotation>", "tags do not match"},
        {"<annotation><!-- </annotation>", "it ends too early"},
        {"<annotation><a b='></a></annotation>", "a tag has no name or no end"},
        {deep, "more than 64 levels of nesting"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct voc voc;
        const char *problem;
        ASSERT_OK(voc_parse(cases[i].text, strlen(cases[i].text), &voc, &problem));
        assert_string_equal(problem ? problem : "(none)", cases[i].problem);
        voc_free(&voc);
    }
}

static void test_path(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"/d/JPEGImages/a.jpg", "/d/Annotations/a.xml"},
        {"/d/images/x.y/a.b.jpg", "/d/Annotations/x.y/a.b.xml"},
        {"/images/d/JPEGImages/a", "/images/d/Annotations/a.xml"},
        {"/d/e.f/a", "/d/e.f/a.xml"},
        {"/d/e/a.tif", "/d/e/a.xml"},
        {"images/a.png", "Annotations/a.xml"},
    };
    struct text path = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ASSERT_OK(voc_path(cases[i][0], &path));
        assert_string_equal(path.data, cases[i][1]);
    }
    text_free(&path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),   cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_damaged), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
