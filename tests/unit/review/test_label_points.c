/* Points of label lines that decisions replace or add: outlines, turned boxes, poses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "assert_ok.h"
#include "review/apply/label_edit.h"
#include "unit.h"

static double quad[] = {0.25, 0.5, 0.75, 0.5, 0.75, 1, 0.25, 1};
static double pose[] = {0.1, 0.2, NAN, 0.3, 0.4, NAN};
static const struct label_rules poses = {.keypoints = {2, 3}};

static struct decision points_of(char *text, double *points, size_t n) {
    return (struct decision){.action = ACTION_POINTS,
                             .line = 1,
                             .class = -1,
                             .text = text,
                             .text_length = strlen(text),
                             .has_xywhn = true,
                             .xywhn = {0.5, 0.25, 0.125, 0.0625},
                             .points = points,
                             .n_points = n};
}

static struct decision added(double *points, size_t n) {
    return (struct decision){.action = ACTION_ADD,
                             .class = 7,
                             .has_xywhn = true,
                             .xywhn = {0.5, 0.25, 0.125, 0.0625},
                             .points = points,
                             .n_points = n};
}

/* Edits a file; why the last decision was refused. */
static const char *edit(const struct label_rules *rules, const char *before,
                        struct decision *decisions, size_t count, const char *after) {
    struct label_edit made = {0};
    ASSERT_OK(label_edit_make(before, strlen(before), rules, decisions, count, &made));
    assert_string_equal(made.after.data ? made.after.data : "", after);
    label_edit_free(&made);
    return decisions[count - 1].refused;
}

static void check(const struct label_rules *rules, const char *before, struct decision decision,
                  const char *after, const char *refused) {
    const char *why = edit(rules, before, &decision, 1, after);
    if (!refused)
        assert_null(why);
    else {
        assert_non_null(why);
        assert_non_null(strstr(why, refused));
    }
    assert_int_equal(decision.done, !refused);
}

/* Class, blanks, line ends and other lines stay; the number of points may be another. */
static void test_outlines(void **state) {
    (void)state;
    check(NULL, "2\t0 0  1 0 1 1 0 1 \r\n3 0 0 1 0 1 1", points_of("2\t0 0  1 0 1 1 0 1 ", quad, 8),
          "2\t0.25 0.5  0.75 0.5 0.75 1.0 0.25 1.0 \r\n3 0 0 1 0 1 1", NULL);
    check(NULL, "2 0 0 1 0 1 1", points_of("2 0 0 1 0 1 1", quad, 8),
          "2 0.25 0.5 0.75 0.5 0.75 1.0 0.25 1.0", NULL);
    check(NULL, "2 0 0 1 0 1 1 0 1\n", points_of("2 0 0 1 0 1 1 0 1", quad, 6),
          "2 0.25 0.5 0.75 0.5 0.75 1.0\n", NULL);
}

static void test_class_and_points(void **state) {
    (void)state;
    char text[] = "2 0 0 1 0 1 1";
    struct decision decisions[] = {points_of(text, quad, 6), points_of(text, NULL, 0)};
    decisions[1].action = ACTION_CLASS;
    decisions[1].class = 12;
    assert_null(edit(NULL, text, decisions, 2, "12 0.25 0.5 0.75 0.5 0.75 1.0"));
    struct decision both = points_of(text, quad, 6);
    both.class = 9;
    check(NULL, text, both, "9 0.25 0.5 0.75 0.5 0.75 1.0", NULL);
    struct decision others[] = {points_of(text, quad, 6), points_of(text, quad, 8)};
    assert_non_null(edit(NULL, text, others, 2, text));
}

static void test_refused(void **state) {
    (void)state;
    static double beyond[] = {0, 0, 1.5, 0, 1, 1}, stays[] = {0, 0, NAN, 0, 1, 1};
    char text[] = "2 0 0 1 0 1 1";
    check(NULL, "3 0 0 1 0 1 1", points_of(text, quad, 8), "3 0 0 1 0 1 1", "not any more");
    check(NULL, "2 0.5 0.5 0.1 0.1", points_of("2 0.5 0.5 0.1 0.1", quad, 8), "2 0.5 0.5 0.1 0.1",
          "is a box");
    check(NULL, text, points_of(text, quad, 4), text, "three points");
    check(NULL, text, points_of(text, quad, 7), text, "three points");
    check(NULL, text, points_of(text, beyond, 6), text, "within");
    check(NULL, text, points_of(text, stays, 6), text, "within");
}

/* The box goes with the keypoints; what the line says of their visibility stays, and so does a
 * keypoint that it leaves out. */
static void test_poses(void **state) {
    (void)state;
    char text[] = "1 0.5 0.5 0.1 0.1 0.7 0.7 2 0 0 0";
    check(&poses, text, points_of(text, pose, 6), "1 0.5 0.25 0.125 0.0625 0.1 0.2 2 0 0 0", NULL);
    static double all[] = {0.1, 0.2, 1, 0.3, 0.4, 2};
    check(&poses, text, points_of(text, all, 6), "1 0.5 0.25 0.125 0.0625 0.1 0.2 1 0.3 0.4 2",
          NULL);
    check(&poses, text, points_of(text, all, 4), text, "kpt_shape");
    struct decision without = points_of(text, all, 6);
    without.has_xywhn = false;
    check(&poses, text, without, text, "xywhn");
    static double odd[] = {0.1, 0.2, 3, 0.3, 0.4, 2};
    check(&poses, text, points_of(text, odd, 6), text, "within");
}

/* A new label is of the form that the file's have. */
static void test_added(void **state) {
    (void)state;
    static double visible[] = {0.1, 0.2, 2, 0, 0, 0};
    check(NULL, "2 0 0 1 0 1 1\n", added(quad, 8),
          "2 0 0 1 0 1 1\n7 0.25 0.5 0.75 0.5 0.75 1.0 0.25 1.0\n", NULL);
    check(NULL, "", added(quad, 8), "7 0.25 0.5 0.75 0.5 0.75 1.0 0.25 1.0\n", NULL);
    check(NULL, "2 0.5 0.5 0.1 0.1\n", added(quad, 8),
          "2 0.5 0.5 0.1 0.1\n7 0.5 0.25 0.125 0.0625\n", NULL);
    check(NULL, "2 0 0 1 0 1 1\n", added(NULL, 0), "2 0 0 1 0 1 1\n", "polygons");
    check(&poses, "", added(visible, 6), "7 0.5 0.25 0.125 0.0625 0.1 0.2 2 0.0 0.0 0\n", NULL);
    check(&poses, "", added(pose, 6), "", "within");
    check(&poses, "", added(NULL, 0), "", "poses");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outlines), cmocka_unit_test(test_class_and_points),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_poses),
        cmocka_unit_test(test_added),
    };
    return RUN_TESTS(tests);
}
