/* Suggestions of points that are accepted by reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "assert_ok.h"
#include "review/apply/decision_list.h"
#include "unit.h"

static double numbers[] = {0.1, 0.2, 0.9, -0.3, 1.4, 0.2};

/* A label and an object without one, whose points are so many of the numbers. */
static struct record record_of(size_t count, enum reason reason) {
    static struct record_box box;
    static struct record_missing missing;
    box = (struct record_box){.line = 3,
                              .class = 1,
                              .verdict = VERDICT_UNCERTAIN,
                              .reason = reason,
                              .score = 0.5,
                              .suggested = -1,
                              .xywhn = {0.5, 0.5, 0.2, 0.2},
                              .has_refined = true,
                              .refined = {0.4, 0.4, 0.1, 0.1},
                              .refined_points = {0, count}};
    missing = (struct record_missing){
        .class = 2, .score = 0.5, .xywhn = {0.5, 0.5, 0.2, 0.2}, .points = {0, count}};
    return (struct record){.image = "a.jpg",
                           .n_boxes = 1,
                           .boxes = &box,
                           .n_missing = 1,
                           .missing = &missing,
                           .n_numbers = 6,
                           .numbers = numbers};
}

static void take(struct acceptance *acceptance, const struct record *record,
                 struct decision_list *list) {
    struct acceptance asked;
    ASSERT_OK(acceptance_read("angle,location,missing", &asked));
    asked.keypoints = acceptance->keypoints;
    asked.outlined = acceptance->outlined;
    ASSERT_OK(decisions_accept(&asked, record, "a.txt", list));
}

static void check_points(const struct decision *decision, const double *wanted, size_t n) {
    assert_int_equal(decision->n_points, n);
    for (size_t i = 0; i < n; i++)
        assert_true(isnan(wanted[i]) ? isnan(decision->points[i])
                                     : decision->points[i] == wanted[i]);
}

static void test_outlines(void **state) {
    (void)state;
    const double clipped[] = {0.1, 0.2, 0.9, 0, 1, 0.2};
    struct acceptance acceptance = {.outlined = true};
    const enum reason reasons[] = {REASON_ANGLE, REASON_LOCATION};
    for (size_t i = 0; i < 2; i++) {
        struct record record = record_of(6, reasons[i]);
        struct decision_list list = {0};
        take(&acceptance, &record, &list);
        assert_int_equal(list.count, 2);
        assert_int_equal(list.items[0].action, ACTION_POINTS);
        check_points(&list.items[0], clipped, 6);
        assert_int_equal(list.items[1].action, ACTION_ADD);
        check_points(&list.items[1], clipped, 6);
        decision_list_free(&list);
    }
}

/* Where labels are boxes, so are new ones; and a place is a box where the model has no points. */
static void test_boxes(void **state) {
    (void)state;
    struct acceptance acceptance = {.outlined = false};
    struct record record = record_of(6, REASON_LOCATION);
    struct decision_list list = {0};
    record.boxes[0].refined_points.count = 0;
    take(&acceptance, &record, &list);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].action, ACTION_BOX);
    assert_int_equal(list.items[1].n_points, 0);
    decision_list_free(&list);
    record = record_of(0, REASON_ANGLE);
    take(&acceptance, &record, &list);
    assert_int_equal(list.count, 1);
    decision_list_free(&list);
}

/* The line's visibility stays; a new label's keypoints are visible or left out. */
static void test_poses(void **state) {
    (void)state;
    const double kept[] = {0.1, 0.2, NAN, 0, 1, NAN}, fresh[] = {0.1, 0.2, 2, 0, 0, 0};
    const double plain[] = {0.1, 0.2, 0, 1};
    struct acceptance acceptance = {.outlined = true, .keypoints = {2, 3}};
    struct record record = record_of(6, REASON_ANGLE);
    struct decision_list list = {0};
    take(&acceptance, &record, &list);
    check_points(&list.items[0], kept, 6);
    assert_true(list.items[0].has_xywhn && list.items[0].xywhn[0] == 0.4);
    check_points(&list.items[1], fresh, 6);
    decision_list_free(&list);
    acceptance.keypoints.values = 2;
    take(&acceptance, &record, &list);
    check_points(&list.items[0], plain, 4);
    decision_list_free(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outlines),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_poses),
    };
    return RUN_TESTS(tests);
}
