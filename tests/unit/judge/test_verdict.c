/* The table of verdict rules and the image score. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/judge.h"
#include "unit.h"

static const struct thresholds defaults = {
    .max_margin = 4,
    .max_shift = 2,
    .max_ghost = 5,
    .min_own = 0.15f,
    .max_dup = 0.7f,
    .missing_conf = 0.5f,
};

/* A label that the network confirms. */
static struct evidence clean(void) {
    return (struct evidence){.judged = true,
                             .own = 0.9f,
                             .rival = 0.01f,
                             .suggested = 1,
                             .near = 0.95f,
                             .here = 0.8f,
                             .margin = -4.4f,
                             .shift = 0.2f,
                             .ghost = -0.5f,
                             .twin = -1};
}

static void expect(struct evidence evidence, const struct thresholds *thresholds,
                   enum verdict verdict, enum reason reason) {
    enum reason got;
    assert_int_equal(verdict_of(&evidence, thresholds, &got), verdict);
    assert_int_equal(got, reason);
}

static void test_confirmed(void **state) {
    (void)state;
    struct evidence e = clean();
    expect(e, &defaults, VERDICT_CORRECT, REASON_NONE);
    e.own = 0.15f; /* the thresholds themselves are still correct */
    e.rival = 0.15f;
    e.shift = 2;
    expect(e, &defaults, VERDICT_CORRECT, REASON_NONE);
    e.own = 0.1499f;
    e.rival = 0.01f;
    expect(e, &defaults, VERDICT_UNCERTAIN, REASON_WEAK);
    struct thresholds low = defaults;
    low.min_own = 0.1f;
    expect(e, &low, VERDICT_CORRECT, REASON_NONE);
}

static void test_class(void **state) {
    (void)state;
    struct evidence e = clean();
    e.own = 0.001f;
    e.rival = 0.9f;
    e.margin = 6.7f;
    e.ghost = 9;
    e.shift = 3;
    expect(e, &defaults, VERDICT_MISLABELED, REASON_CLASS);
    e.margin = 4; /* not above */
    expect(e, &defaults, VERDICT_UNCERTAIN, REASON_LOCATION);
    struct thresholds high = defaults;
    high.max_margin = 3.9f;
    expect(e, &high, VERDICT_MISLABELED, REASON_CLASS);
}

static void test_duplicate_comes_first(void **state) {
    (void)state;
    struct evidence e = clean();
    e.dup = 0.7f;
    expect(e, &defaults, VERDICT_UNCERTAIN, REASON_DUPLICATE);
    e.margin = 8;
    expect(e, &defaults, VERDICT_UNCERTAIN, REASON_DUPLICATE);
    e.dup = 0.69f;
    expect(e, &defaults, VERDICT_MISLABELED, REASON_CLASS);
}

static void test_location(void **state) {
    (void)state;
    struct evidence e = clean();
    e.shift = 2.1f;
    e.near = 0.25f;
    expect(e, &defaults, VERDICT_UNCERTAIN, REASON_LOCATION);
    e.near = 0.24f;
    expect(e, &defaults, VERDICT_UNCERTAIN, REASON_WEAK);
    e.near = 0.4f;
    e.rival = 0.5f; /* something else is there: not a matter of place */
    e.own = 0.1f;
    expect(e, &defaults, VERDICT_UNCERTAIN, REASON_CONTESTED);
}

static void test_contested_unseen_weak(void **state) {
    (void)state;
    struct evidence e = clean();
    e.own = 0.04f;
    e.rival = 0.05f;
    e.ghost = 6;
    expect(e, &defaults, VERDICT_UNCERTAIN, REASON_CONTESTED);
    e.rival = 0.049f;
    expect(e, &defaults, VERDICT_UNCERTAIN, REASON_UNSEEN);
    e.ghost = 5;
    expect(e, &defaults, VERDICT_UNCERTAIN, REASON_WEAK);
    struct thresholds low = defaults;
    low.max_ghost = 4;
    expect(e, &low, VERDICT_UNCERTAIN, REASON_UNSEEN);
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(verdict_name(VERDICT_CORRECT), "correct");
    assert_string_equal(verdict_name(VERDICT_MISLABELED), "mislabeled");
    assert_string_equal(verdict_name(VERDICT_UNCERTAIN), "uncertain");
    assert_null(reason_name(REASON_NONE));
    assert_string_equal(reason_name(REASON_CLASS), "class");
    assert_string_equal(reason_name(REASON_LOCATION), "location");
    assert_string_equal(reason_name(REASON_CONTESTED), "contested");
    assert_string_equal(reason_name(REASON_WEAK), "weak");
    assert_string_equal(reason_name(REASON_UNSEEN), "unseen");
    assert_string_equal(reason_name(REASON_DUPLICATE), "duplicate");
    assert_string_equal(reason_name(REASON_UNKNOWN_CLASS), "unknown_class");
}

static void test_image_score(void **state) {
    (void)state;
    struct evidence evidence[2] = {clean(), clean()};
    struct findings findings = {0};
    assert_float_equal(image_score(&findings), 1, 0);

    findings.evidence = evidence;
    findings.n_evidence = 1;
    double one = image_score(&findings);
    assert_true(one > 0.99 && one < 1);
    evidence[0].margin = 3.5f; /* at its centre a logistic is one half */
    assert_float_equal(image_score(&findings) / one, 0.5, 1e-4);
    evidence[0] = clean();
    evidence[0].dup = 0.7f; /* a duplicate is never worse than one half */
    assert_float_equal(image_score(&findings) / one, 0.75, 1e-4);
    evidence[0].dup = 1;
    assert_float_equal(image_score(&findings) / one, 0.5, 1e-4);
    evidence[0] = clean();
    evidence[0].ghost = 5;
    assert_float_equal(image_score(&findings) / one, 0.5, 1e-4);
    evidence[0] = clean();
    evidence[0].shift = 5;
    assert_float_equal(image_score(&findings) / one, 0.5 / (1 - 1 / (1 + exp(4.8))), 1e-4);

    evidence[0] = clean();
    findings.n_evidence = 2;
    assert_float_equal(image_score(&findings), one * one, 1e-9);
    evidence[1] = (struct evidence){.suggested = -1, .twin = -1}; /* of an unknown class */
    assert_float_equal(image_score(&findings), one, 0);

    struct detection missing[] = {{.confidence = 0.8f}, {.confidence = 0.6f}};
    findings.missing = (struct detections){2, 2, missing};
    assert_float_equal(image_score(&findings) / one, 1 - 0.999 * 0.64, 1e-6);
    missing[0].confidence = 1;
    assert_true(image_score(&findings) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confirmed),
        cmocka_unit_test(test_class),
        cmocka_unit_test(test_duplicate_comes_first),
        cmocka_unit_test(test_location),
        cmocka_unit_test(test_contested_unseen_weak),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_image_score),
    };
    return RUN_TESTS(tests);
}
