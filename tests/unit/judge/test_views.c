/* Several views of one picture: their means, and which of them know a class. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "judge_rig.h"
#include "unit.h"

static struct view view_of(const struct evidence_case *file) {
    return (struct view){.head = &file->head, .maps = &file->maps, .letterbox = &file->letterbox};
}

static struct findings judge_views(const struct judge *judge, const struct view *views, size_t n,
                                   const struct evidence_case *labels) {
    struct findings findings = {0};
    struct judge_scratch *scratch;
    ASSERT_OK(judge_scratch_make(&scratch));
    ASSERT_OK(
        judge_picture(judge, views, n, labels->targets, labels->n_targets, scratch, &findings));
    judge_scratch_free(scratch);
    return findings;
}

static void test_equal_views_are_as_one(void **state) {
    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        struct evidence_case file = open_case(case_names[i]);
        const struct view views[] = {view_of(&file), view_of(&file), view_of(&file),
                                     view_of(&file)};
        struct findings one = judge_views(&file.judge, views, 1, &file);
        for (size_t n = 2; n <= 4; n *= 2) {
            struct findings all = judge_views(&file.judge, views, n, &file);
            assert_same_findings(&one, &all);
            findings_free(&all);
        }
        findings_free(&one);
        case_free(&file);
    }
}

static void test_the_order_of_two_views_does_not_matter(void **state) {
    (void)state;
    struct evidence_case a = open_case("distance_planar"), b = open_case("final_planar");
    b.letterbox.gain *= 2;
    assert_int_equal(a.judge.n_classes, b.judge.n_classes);
    const struct view ab[] = {view_of(&a), view_of(&b)}, ba[] = {view_of(&b), view_of(&a)};
    struct findings first = judge_views(&a.judge, ab, 2, &a);
    struct findings second = judge_views(&a.judge, ba, 2, &a);
    assert_same_findings(&first, &second);
    findings_free(&first);
    findings_free(&second);
    case_free(&a);
    case_free(&b);
}

/* A judge of one class more than the case has, which the case's network calls by other numbers:
 * 0, 2, 3 … */
static void test_a_class_that_no_view_knows(void **state) {
    (void)state;
    uint32_t classes[8];
    struct evidence_case file = open_case("distance_planar");
    struct judge judge = file.judge;
    struct view view = view_of(&file);
    struct findings before = judge_views(&judge, &view, 1, &file);
    for (uint32_t k = 0; k < judge.n_classes; k++)
        classes[k] = k + (k > 0);
    judge.n_classes++;
    view.classes = classes;
    for (size_t i = 0; i < file.n_targets; i++)
        file.targets[i].class += file.targets[i].class > 0;
    struct findings after = judge_views(&judge, &view, 1, &file);
    assert_int_equal(before.missing.count, after.missing.count);
    for (size_t i = 0; i < after.n_evidence; i++) {
        struct evidence *evidence = &after.evidence[i];
        assert_int_not_equal(evidence->suggested, 1);
        evidence->suggested -= evidence->suggested > 1;
        assert_same_evidence(&before.evidence[i], evidence);
    }
    file.targets[0].class = 1;
    struct findings unknown = judge_views(&judge, &view, 1, &file);
    assert_false(unknown.evidence[0].judged);
    assert_true(unknown.evidence[1].judged);
    findings_free(&before);
    findings_free(&after);
    findings_free(&unknown);
    case_free(&file);
}

/* The second view has a class of its own and lacks class 0. */
static void test_a_class_is_judged_by_the_views_that_know_it(void **state) {
    (void)state;
    enum { CLASSES = 4 };
    const uint32_t first[CLASSES] = {0, 1, 2, 3}, second[CLASSES] = {4, 1, 2, 3};
    struct evidence_case a = open_case("distance_planar"), b = open_case("final_planar");
    struct view views[] = {view_of(&a), view_of(&b)};
    struct judge judge = a.judge;
    assert_int_equal(judge.n_classes, CLASSES);
    judge.n_classes = CLASSES + 1;
    views[0].classes = first;
    views[1].classes = second;
    struct findings alone = judge_views(&judge, views, 1, &a);
    struct findings both = judge_views(&judge, views, 2, &a);
    size_t checked = 0;
    for (size_t i = 0; i < a.n_targets; i++) {
        if (a.targets[i].class != 0)
            continue;
        assert_float_equal(alone.evidence[i].own, both.evidence[i].own, 0);
        assert_float_equal(alone.evidence[i].near, both.evidence[i].near, 0);
        assert_float_equal(alone.evidence[i].here, both.evidence[i].here, 0);
        checked++;
    }
    assert_true(checked > 0);
    for (size_t i = 0; i < a.n_targets; i++)
        a.targets[i].class = 4;
    struct findings own = judge_views(&judge, views, 2, &a);
    struct findings of_second = judge_views(&judge, views + 1, 1, &a);
    for (size_t i = 0; i < a.n_targets; i++) {
        assert_true(own.evidence[i].judged);
        assert_float_equal(own.evidence[i].own, of_second.evidence[i].own, 0);
    }
    findings_free(&alone);
    findings_free(&both);
    findings_free(&own);
    findings_free(&of_second);
    case_free(&a);
    case_free(&b);
}

static void test_views_of_other_classes_are_refused(void **state) {
    (void)state;
    uint32_t classes[8] = {0};
    struct evidence_case file = open_case("distance_planar");
    struct findings findings = {0};
    struct judge_scratch *scratch;
    struct judge judge = file.judge;
    struct view views[] = {view_of(&file), view_of(&file)};
    ASSERT_OK(judge_scratch_make(&scratch));
    judge.n_classes++;
    assert_int_equal(judge_picture(&judge, views, 2, NULL, 0, scratch, &findings), STATUS_FAILED);
    judge.n_classes--;
    classes[1] = (uint32_t)judge.n_classes;
    views[1].classes = classes;
    assert_int_equal(judge_picture(&judge, views, 2, NULL, 0, scratch, &findings), STATUS_FAILED);
    judge_scratch_free(scratch);
    findings_free(&findings);
    case_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_views_are_as_one),
        cmocka_unit_test(test_the_order_of_two_views_does_not_matter),
        cmocka_unit_test(test_a_class_that_no_view_knows),
        cmocka_unit_test(test_a_class_is_judged_by_the_views_that_know_it),
        cmocka_unit_test(test_views_of_other_classes_are_refused),
    };
    return RUN_TESTS(tests);
}
