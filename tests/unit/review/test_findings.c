/* What of a record is a finding, and the order in which they are looked at. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "review/findings.h"
#include "review/xywhn.h"
#include "unit.h"

#define BOX(verdict_, reason_, score_, ...)                                                        \
    {                                                                                              \
        .line = 1, .verdict = VERDICT_##verdict_, .reason = REASON_##reason_, .score = (score_),   \
        .xywhn = __VA_ARGS__                                                                       \
    }

static void test_order(void **state) {
    struct record_box boxes[] = {
        BOX(UNCERTAIN, WEAK, 0.001, {0.1, 0.1, 0.1, 0.1}),
        BOX(CORRECT, NONE, 0.0001, {0.3, 0.1, 0.1, 0.1}),
        BOX(MISLABELED, CLASS, 0.02, {0.5, 0.1, 0.1, 0.1}),
        BOX(UNCERTAIN, LOCATION, 0.01, {0.7, 0.1, 0.1, 0.1}),
        BOX(UNCERTAIN, UNKNOWN_CLASS, NAN, {0.9, 0.1, 0.1, 0.1}),
    };
    struct record_missing missing[] = {{.score = 0.015}};
    struct record_invalid invalid[] = {{.line = 7}, {.line = 9}};
    const struct record record = {.offset = 5,
                                  .n_boxes = 5,
                                  .boxes = boxes,
                                  .n_missing = 1,
                                  .missing = missing,
                                  .n_invalid = 2,
                                  .invalid = invalid};
    static const struct {
        enum finding_kind kind;
        size_t item;
    } expected[] = {{FINDING_BOX, 3},     {FINDING_MISSING, 0}, {FINDING_BOX, 2},
                    {FINDING_INVALID, 0}, {FINDING_INVALID, 1}, {FINDING_BOX, 0},
                    {FINDING_BOX, 4}};
    struct findings_list list = {0};
    (void)state;
    ASSERT_OK(findings_of(&record, &list));
    assert_int_equal(list.count, 7);
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.items[i].kind, expected[i].kind);
        assert_int_equal(list.items[i].item, expected[i].item);
        assert_int_equal(list.items[i].offset, 5);
        assert_int_equal(list.items[i].other, FINDING_NO_OTHER);
        assert_int_equal(finding_compare(&list.items[i], &list.items[i]), 0);
    }
    findings_list_free(&list);
}

/* Two labels on one object: one finding where both are, and with the good one where one is. */
static void test_pairs(void **state) {
    struct record_box boxes[] = {
        BOX(UNCERTAIN, CONTESTED, 0.5, {0.2, 0.2, 0.2, 0.2}),
        BOX(MISLABELED, CLASS, 0.1, {0.21, 0.2, 0.2, 0.2}),
        BOX(CORRECT, NONE, 0.9, {0.8, 0.8, 0.2, 0.2}),
        BOX(UNCERTAIN, DUPLICATE, 0.3, {0.8, 0.8, 0.19, 0.2}),
        BOX(UNCERTAIN, UNSEEN, 0.4, {0.8, 0.2, 0.2, 0.2}),
        BOX(UNCERTAIN, UNSEEN, 0.6, {0.9, 0.2, 0.2, 0.2}), /* an IoU of a third */
        BOX(UNCERTAIN, UNSEEN, 0.7, {0.5, 0.5, 0, 0}),
    };
    const struct record record = {.n_boxes = 7, .boxes = boxes};
    static const size_t expected[][2] = {
        {1, 0}, {3, 2}, {4, FINDING_NO_OTHER}, {5, FINDING_NO_OTHER}, {6, FINDING_NO_OTHER}};
    struct findings_list list = {0};
    (void)state;
    ASSERT_OK(findings_of(&record, &list));
    assert_int_equal(list.count, 5);
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.items[i].item, expected[i][0]);
        assert_int_equal(list.items[i].other, expected[i][1]);
    }
    findings_list_free(&list);
}

/* The model's box is that of the label's class, which says nothing where the class is the error. */
static void test_model_box(void **state) {
    struct record_box boxes[] = {
        BOX(MISLABELED, CLASS, 0.1, {0.2, 0.2, 0.2, 0.2}),
        BOX(UNCERTAIN, CONTESTED, 0.1, {0.2, 0.2, 0.2, 0.2}),
        BOX(UNCERTAIN, LOCATION, 0.1, {0.2, 0.2, 0.2, 0.2}),
        BOX(UNCERTAIN, DUPLICATE, 0.1, {0.2, 0.2, 0.2, 0.2}),
    };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_null(finding_model_box(&boxes[i]));
        boxes[i].has_refined = true;
        assert_ptr_equal(finding_model_box(&boxes[i]), i < 2 ? NULL : boxes[i].refined);
    }
}

/* A crowd, beside the plain way to find pairs: each box with each other. */
static void test_crowd(void **state) {
    enum { BOXES = 600 };
    static struct record_box boxes[BOXES];
    const struct record record = {.n_boxes = BOXES, .boxes = boxes};
    struct same_objects same = {0};
    uint32_t random = 7, n_paired = 0;
    (void)state;
    for (size_t i = 0; i < BOXES; i++)
        for (size_t k = 0; k < 4; k++) {
            random = random * 1664525 + 1013904223;
            boxes[i].xywhn[k] = (k < 2 ? 0.3 : 0.1) + (random >> 16) % 32 / 200.0;
        }
    boxes[17].xywhn[1] = NAN;
    ASSERT_OK(same_objects_find(&record, &same));
    for (size_t i = 0; i < BOXES; i++) {
        size_t best = SAME_OBJECT_NONE;
        double most = 0.7;
        for (size_t k = 0; k < BOXES; k++) {
            double iou = xywhn_iou(boxes[i].xywhn, boxes[k].xywhn);
            if (k != i && (iou > most || (iou == most && best == SAME_OBJECT_NONE))) {
                best = k;
                most = iou;
            }
        }
        assert_int_equal(same.others[i], best);
        n_paired += best != SAME_OBJECT_NONE;
    }
    assert_in_range(n_paired, BOXES / 2, BOXES - 1);
    same_objects_free(&same);
}

/* Of thousands of equal boxes two are one finding, and the rest has the first of them. */
static void test_equal_boxes(void **state) {
    enum { BOXES = 10000 };
    static struct record_box boxes[BOXES];
    const struct record record = {.n_boxes = BOXES, .boxes = boxes};
    struct findings_list list = {0};
    (void)state;
    for (size_t i = 0; i < BOXES; i++)
        boxes[i] = (struct record_box)BOX(UNCERTAIN, DUPLICATE, 0.1, {0.5, 0.5, 0.25, 0.25});
    ASSERT_OK(findings_of(&record, &list));
    assert_int_equal(list.count, BOXES - 1);
    assert_int_equal(list.items[0].item, 0);
    assert_int_equal(list.items[0].other, 1);
    for (size_t i = 1; i < list.count; i++) {
        assert_int_equal(list.items[i].item, i + 1);
        assert_int_equal(list.items[i].other, 0);
    }
    findings_list_free(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),       cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_model_box),   cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_equal_boxes),
    };
    return RUN_TESTS(tests);
}
