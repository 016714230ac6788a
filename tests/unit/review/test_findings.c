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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_pairs),
    };
    return RUN_TESTS(tests);
}
