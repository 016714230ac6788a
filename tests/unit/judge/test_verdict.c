/* The table of verdict rules and the scores. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "judge/judge.h"
#include "judge/presence.h"
#include "unit.h"

static const struct thresholds defaults = {
    .max_margin = 3.5f,
    .max_shift = 3,
    .max_ghost = 7.5f,
    .min_own = 0.15f,
    .max_dup = 0.7f,
    .missing_conf = 0.5f,
};

/* A label that the network confirms. */
static struct evidence clean(void) {
    return (struct evidence){.judged = true,
                             .own = 0.9f,
                             .rival = 0.01f,
                             .contest = 0.02f,
                             .suggested = 1,
                             .near = 0.95f,
                             .here = 0.8f,
                             .found = 0.95f,
                             .size = 100,
                             .margin = -4.4f,
                             .shift = 0.2f,
                             .ghost = -0.5f,
                             .twin = -1};
}

static void expect(struct evidence evidence, const struct thresholds *thresholds,
                   enum verdict verdict, const char *reason) {
    struct ruling got = verdict_of(&evidence, thresholds);
    assert_int_equal(got.verdict, verdict);
    assert_int_equal(got.swaps, verdict == VERDICT_MISLABELED);
    if (reason)
        assert_string_equal(reason_name(got.reason), reason);
    else
        assert_null(reason_name(got.reason));
}

static void test_confirmed(void **state) {
    (void)state;
    struct evidence e = clean();
    expect(e, &defaults, VERDICT_CORRECT, NULL);
    e.own = 0.15f; /* the thresholds themselves are still correct */
    e.contest = 0.15f;
    e.shift = 2;
    expect(e, &defaults, VERDICT_CORRECT, NULL);
    e.own = 0.1499f;
    e.contest = 0.02f;
    expect(e, &defaults, VERDICT_UNCERTAIN, "weak");
    struct thresholds low = defaults;
    low.min_own = 0.1f;
    expect(e, &low, VERDICT_CORRECT, NULL);
}

/* Between the shift that a correct label may have and the one that is called misplaced. */
static void test_place_in_doubt(void **state) {
    (void)state;
    struct evidence e = clean();
    e.shift = 2.01f;
    expect(e, &defaults, VERDICT_UNCERTAIN, "weak");
    e.shift = 3;
    expect(e, &defaults, VERDICT_UNCERTAIN, "weak");
    e.shift = 3.01f;
    expect(e, &defaults, VERDICT_UNCERTAIN, "location");
    struct thresholds other = defaults;
    other.max_shift = 5; /* does not make more places correct */
    e.shift = 2.01f;
    expect(e, &other, VERDICT_UNCERTAIN, "weak");
    other.max_shift = 1; /* makes fewer */
    e.shift = 1.01f;
    expect(e, &other, VERDICT_UNCERTAIN, "location");
    e.shift = 1;
    expect(e, &other, VERDICT_CORRECT, NULL);
}

static void test_class(void **state) {
    (void)state;
    struct evidence e = clean();
    e.own = 0.001f;
    e.rival = e.contest = 0.9f;
    e.margin = 6.7f;
    e.ghost = 9;
    e.shift = 3.5f;
    expect(e, &defaults, VERDICT_MISLABELED, "class");
    e.margin = 3.5f; /* not above */
    expect(e, &defaults, VERDICT_UNCERTAIN, "location");
    struct thresholds high = defaults;
    high.max_margin = 3.4f;
    expect(e, &high, VERDICT_MISLABELED, "class");
}

static void test_duplicate_comes_first(void **state) {
    (void)state;
    struct evidence e = clean();
    e.dup = 0.7f;
    expect(e, &defaults, VERDICT_UNCERTAIN, "duplicate");
    e.margin = 8;
    expect(e, &defaults, VERDICT_UNCERTAIN, "duplicate");
    e.dup = 0.69f;
    expect(e, &defaults, VERDICT_MISLABELED, "class");
}

static void test_location(void **state) {
    (void)state;
    struct evidence e = clean();
    e.shift = 3.1f;
    e.near = 0.25f;
    expect(e, &defaults, VERDICT_UNCERTAIN, "location");
    e.near = 0.24f;
    expect(e, &defaults, VERDICT_UNCERTAIN, "weak");
    e.near = 0.4f;
    e.rival = 0.9f; /* where it fits tightly does not matter, only that it is around */
    expect(e, &defaults, VERDICT_UNCERTAIN, "location");
    e.contest = 0.5f; /* something else is there: not a matter of place */
    e.own = 0.1f;
    expect(e, &defaults, VERDICT_UNCERTAIN, "contested");
}

static void test_contested_unseen_weak(void **state) {
    (void)state;
    struct evidence e = clean();
    e.own = 0.04f;
    e.contest = 0.05f;
    e.ghost = 8;
    expect(e, &defaults, VERDICT_UNCERTAIN, "contested");
    e.contest = 0.049f;
    expect(e, &defaults, VERDICT_UNCERTAIN, "unseen");
    e.ghost = 7.5f;
    expect(e, &defaults, VERDICT_UNCERTAIN, "weak");
    struct thresholds low = defaults;
    low.max_ghost = 7;
    expect(e, &low, VERDICT_UNCERTAIN, "unseen");
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(verdict_name(VERDICT_CORRECT), "correct");
    assert_string_equal(verdict_name(VERDICT_MISLABELED), "mislabeled");
    assert_string_equal(verdict_name(VERDICT_UNCERTAIN), "uncertain");
    struct ruling unknown = verdict_of_unknown();
    assert_int_equal(unknown.verdict, VERDICT_UNCERTAIN);
    assert_string_equal(reason_name(unknown.reason), "unknown_class");
    assert_false(unknown.swaps);
}

static double score_of(float margin, float shift, float ghost, float copy) {
    struct evidence e = clean();
    e.margin = margin;
    e.shift = shift;
    e.ghost = ghost;
    e.copy = copy;
    return box_score(&e);
}

static void test_box_score(void **state) {
    (void)state;
    double clean_one = score_of(-4.4f, -3, -0.5f, 0);
    /* Of a label that the network confirms how usual that much evidence is remains. */
    assert_float_equal(clean_one, pow((presence_share(100, 0.9f) + 0.003) / 1.003, 0.2), 1e-3);
    assert_true(clean_one < 1);
    /* At its centre a chance is one half. */
    assert_float_equal(score_of(3, -3, -0.5f, 0) / clean_one, 0.5, 1e-3);
    assert_float_equal(score_of(-4.4f, -3, 7.5f, 0) / clean_one, 0.5, 1e-3);
    /* What makes two labels of an object one too many is at most this much. */
    assert_float_equal(score_of(-4.4f, -3, -0.5f, 1) / clean_one, 0.3, 1e-3);
    assert_float_equal(score_of(-4.4f, -3, -0.5f, 0.5f) / clean_one, 0.65, 1e-3);
    struct evidence unknown = {.suggested = -1, .twin = -1};
    assert_float_equal(box_score(&unknown), 1, 0);
}

/* Of a pose its worst keypoint counts, and left and right exchanged, as far as the box is
 * confirmed.
 */
static void test_box_score_of_pose(void **state) {
    (void)state;
    struct evidence e = clean();
    double box_alone = box_score(&e);
    e.task = (struct task_evidence){.task = TASK_POSE, .agreement = 1};
    assert_float_equal(box_score(&e) / box_alone, 1, 0.01);
    e.task.error = 0.1f;
    assert_float_equal(box_score(&e) / box_alone, 0.5, 1e-3);
    e.task.error = 0.06f;
    e.task.pose.swapped = true;
    assert_true(box_score(&e) < 0.01 * box_alone);
    e.own = 0;
    struct evidence unseen = e;
    unseen.task = (struct task_evidence){0};
    assert_float_equal(box_score(&e), box_score(&unseen), 0);
}

/* A shift counts as far as the network has a box of its own elsewhere. */
static void test_box_score_of_place(void **state) {
    (void)state;
    struct evidence e = clean();
    e.shift = -90;
    double in_place = box_score(&e);
    e.shift = 4;
    e.found = 1;
    e.here = 0;
    assert_float_equal(box_score(&e) / in_place, 0.5, 1e-4);
    e.found = 0.5f;
    assert_float_equal(box_score(&e) / in_place, 0.75, 1e-4);
    e.here = 0.6f; /* more than is found elsewhere */
    assert_float_equal(box_score(&e) / in_place, 1, 1e-6);
    e = clean();
    e.shift = -90;
    e.group = 1;
    assert_float_equal(box_score(&e) / in_place, 0.3, 1e-6);
}

/* Little evidence is worse the larger a label is, and more evidence never. */
static void test_box_score_of_presence(void **state) {
    (void)state;
    struct evidence e = clean();
    double last = 1;
    e.own = e.contest = 0;
    for (e.size = 8; e.size < 120; e.size *= 1.7f) {
        double score = box_score(&e);
        assert_true(score > 0 && score < last);
        last = score;
    }
    last = 0;
    for (e.own = 0.001f; e.own < 1; e.own *= 2) {
        double score = box_score(&e);
        assert_true(score > last);
        last = score;
        e.contest = e.own; /* of another class as good as of its own */
        float own = e.own;
        e.own = 0;
        assert_float_equal(box_score(&e), score, 0);
        e.own = own;
        e.contest = 0;
    }
}

/* A score as records have it; it differs from the one before, which it replaces. */
static void assert_differs(double score, char before[32]) {
    char written[32];
    snprintf(written, sizeof written, "%.6g", score);
    assert_string_not_equal(written, before);
    memcpy(before, written, sizeof written);
}

/* The worst that evidence can be, beside what is a little less bad: both are told apart, also in
 * the digits that are written. */
static void test_worst_boxes_differ(void **state) {
    (void)state;
    static const float grave[][4] = {
        {9.71f, 6.92f, 14.2f, 1}, {9.71f, 6.92f, 14.1f, 1}, {9.7f, 6.92f, 14.2f, 1},
        {9.71f, 6.91f, 14.2f, 1}, {9.71f, 6.92f, 14.2f, 0}, {9.71f, 6.92f, 8, 1},
        {9.7f, 6.92f, 8, 1},      {9.71f, 6.91f, 8, 1},
    };
    enum { N = sizeof grave / sizeof *grave };
    char written[N][32];
    for (size_t i = 0; i < N; i++) {
        double score = score_of(grave[i][0], grave[i][1], grave[i][2], grave[i][3]);
        assert_true(score > 0);
        snprintf(written[i], sizeof written[i], "%.6g", score);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(written[i], written[j]);
    }
}

/* Where the shift is as high as it gets, the network's own box tells labels apart: the better it
 * fits, the better. */
static void test_farthest_boxes_differ(void **state) {
    (void)state;
    struct evidence e = clean();
    e.shift = logf(1.01f / 0.001f);
    e.found = 1;
    e.here = 0;
    char before[32] = "";
    double last = 0;
    for (int percent = 0; percent <= 60; percent++) {
        e.location = (float)percent / 100;
        double score = box_score(&e);
        assert_true(score > last && score < 0.129);
        assert_differs(score, before);
        last = score;
    }
}

static void test_image_score(void **state) {
    (void)state;
    struct evidence evidence[2] = {clean(), clean()};
    struct findings findings = {0};
    assert_float_equal(image_score(&findings), 1, 0);

    findings.evidence = evidence;
    findings.n_evidence = 1;
    double one = image_score(&findings), doubt = 1 - box_score(&evidence[0]);
    assert_float_equal(one, 1 - doubt * doubt, 1e-12);
    findings.n_evidence = 2;
    assert_float_equal(image_score(&findings), one * one, 1e-9);
    evidence[1].margin = 3;
    doubt = 1 - box_score(&evidence[1]);
    assert_float_equal(image_score(&findings) / one, 1 - doubt * doubt, 1e-9);
    evidence[1] = (struct evidence){.suggested = -1, .twin = -1}; /* of an unknown class */
    assert_float_equal(image_score(&findings), one, 0);

    struct detection missing[] = {{.certainty = 0.8f}, {.certainty = 0}};
    assert_float_equal(missing_score(&missing[1]), 1, 0);
    assert_float_equal(missing_score(&missing[0]), 1 - 0.999 * 0.8, 1e-7);
    findings.missing = (struct detections){2, 2, missing};
    assert_float_equal(image_score(&findings) / one, 1 - 0.999 * 0.8, 1e-6);
    missing[1].certainty = 0.5f; /* all of them count */
    assert_float_equal(image_score(&findings) / one, (1 - 0.999 * 0.8) * (1 - 0.999 * 0.5), 1e-6);
    missing[0].certainty = 1;
    assert_float_equal(missing_score(&missing[0]), 0.001, 1e-9);
    assert_true(image_score(&findings) > 0);
}

/* Many wrong labels in a picture: the product of their scores leaves the range of a double. */
static void test_worst_images_differ(void **state) {
    (void)state;
    enum { MOST = 300 };
    static struct evidence evidence[MOST];
    for (size_t i = 0; i < MOST; i++) {
        evidence[i] = clean();
        evidence[i].margin = 9.7f;
    }
    struct findings findings = {.evidence = evidence};
    double before = 1;
    char last[32] = "1";
    for (findings.n_evidence = 1; findings.n_evidence <= MOST; findings.n_evidence++) {
        double score = image_score(&findings);
        assert_true(score > 0 && score < before);
        assert_differs(score, last);
        before = score;
    }
}

/* Each has a name of its own, and what is no finding comes behind all that are. */
static void test_reason_names(void **state) {
    (void)state;
    assert_null(reason_name(REASON_NONE));
    for (int r = REASON_NONE + 1; r < REASON_COUNT; r++) {
        assert_non_null(reason_name((enum reason)r));
        for (int other = REASON_NONE + 1; other < r; other++)
            assert_string_not_equal(reason_name((enum reason)r), reason_name((enum reason)other));
    }
    assert_string_equal(reason_name(REASON_COUNT - 1), "weak");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confirmed),
        cmocka_unit_test(test_place_in_doubt),
        cmocka_unit_test(test_class),
        cmocka_unit_test(test_duplicate_comes_first),
        cmocka_unit_test(test_location),
        cmocka_unit_test(test_contested_unseen_weak),
        cmocka_unit_test(test_reason_names),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_box_score),
        cmocka_unit_test(test_box_score_of_pose),
        cmocka_unit_test(test_box_score_of_place),
        cmocka_unit_test(test_box_score_of_presence),
        cmocka_unit_test(test_worst_boxes_differ),
        cmocka_unit_test(test_farthest_boxes_differ),
        cmocka_unit_test(test_image_score),
        cmocka_unit_test(test_worst_images_differ),
    };
    return RUN_TESTS(tests);
}
