/* Which findings are the same in two runs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "review/diff/match.h"
#include "unit.h"

enum { MOST = 4 };

static struct diff_list list_of(struct diff_finding *items, size_t count) {
    for (size_t i = 0; i < count; i++)
        items[i].partner = NO_PARTNER;
    return (struct diff_list){.count = count, .items = items};
}

/* A chain in which each overlaps the next: who overlap most find each other, the rest is left. */
static void test_best_first(void **state) {
    (void)state;
    const double places[MOST][4] = {
        {0.50, 0.5, 0.2, 0.2}, {0.54, 0.5, 0.2, 0.2}, {0.55, 0.5, 0.2, 0.2}, {0.58, 0.5, 0.2, 0.2}};
    struct diff_finding olds[] = {{.name = "a", .xywhn = places[0]},
                                  {.name = "a", .xywhn = places[2]}};
    struct diff_finding news[] = {{.name = "a", .xywhn = places[1]},
                                  {.name = "a", .xywhn = places[3]}};
    struct diff_list old = list_of(olds, 2), new = list_of(news, 2);
    diff_match(&old, &new);
    assert_int_equal(olds[1].partner, 0);
    assert_int_equal(news[0].partner, 1);
    /* .58 overlaps .50 by less than half. */
    assert_true(olds[0].partner == NO_PARTNER && news[1].partner == NO_PARTNER);
}

static void test_what_differs(void **state) {
    (void)state;
    const double place[4] = {0.5, 0.5, 0.2, 0.2}, nowhere[4] = {NAN, NAN, NAN, NAN};
    struct diff_finding olds[] = {{.name = "a", .xywhn = place},
                                  {.kind = FINDING_MISSING, .name = "a"},
                                  {.kind = FINDING_INVALID, .name = "bad", .line = 1},
                                  {.name = "a", .xywhn = nowhere}};
    struct diff_finding news[] = {{.name = "b", .xywhn = place},
                                  {.kind = FINDING_MISSING, .name = "a"},
                                  {.kind = FINDING_INVALID, .name = "bad", .line = 5},
                                  {.name = "a", .xywhn = nowhere}};
    struct diff_list old = list_of(olds, MOST), new = list_of(news, MOST);
    diff_match(&old, &new);
    assert_true(olds[0].partner == NO_PARTNER);
    assert_int_equal(olds[1].partner, 1);
    assert_int_equal(olds[2].partner, 2);
    assert_true(olds[3].partner == NO_PARTNER);
}

/* Equal ones are told apart by nothing: each gets one. */
static void test_equal_ones(void **state) {
    (void)state;
    const double place[4] = {0.5, 0.5, 0.2, 0.2};
    struct diff_finding olds[MOST], news[MOST];
    for (size_t i = 0; i < MOST; i++)
        olds[i] = news[i] = (struct diff_finding){.name = "a", .xywhn = place};
    struct diff_list old = list_of(olds, MOST), new = list_of(news, MOST - 1);
    diff_match(&old, &new);
    size_t left = 0;
    for (size_t i = 0; i < MOST; i++)
        left += olds[i].partner == NO_PARTNER;
    assert_int_equal(left, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best_first),
        cmocka_unit_test(test_what_differs),
        cmocka_unit_test(test_equal_ones),
    };
    return RUN_TESTS(tests);
}
