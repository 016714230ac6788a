/* Poses: keypoints of labels against a head's own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/judge.h"
#include "task_head.h"
#include "unit.h"

/* The head's box is of 32 x 16 pixels, from (20, 20) to (52, 36), with three keypoints. The picture
 * lies in the input at half its size, 4 pixels from the top. */
enum { POINTS = 3, VALUES = 3, NUMBERS = POINTS * VALUES };

/* Where the three are, in the picture: 40, 44 is in the input's 20, 26. */
static const float own[POINTS][2] = {{40, 44}, {80, 48}, {96, 60}};

/* What a map holds for a keypoint there. */
static float raw(const struct head *head, float picture, float frame, float cell) {
    float strides = (picture / 2 + frame) / 8;
    return head->centred_points ? strides - cell - 0.5f : (strides - cell) / 2;
}

static void make_head(struct task_head *made, size_t values, bool centred) {
    task_head_make(made, TASK_POSE, POINTS * values, (const float[]){2, 1, 2, 1});
    made->head.n_points = POINTS;
    made->head.point_values = values;
    made->head.centred_points = centred;
    made->letterbox = (struct letterbox){.image_width = 128,
                                         .image_height = 112,
                                         .net_width = 64,
                                         .net_height = 64,
                                         .width = 64,
                                         .height = 56,
                                         .top = 4,
                                         .gain = 0.5f,
                                         .gain_x = 0.5f,
                                         .gain_y = 0.5f};
    for (size_t i = 0; i < POINTS; i++) {
        float *at = made->extras + i * values * MAP_CELLS + CELL;
        at[0] = raw(&made->head, own[i][0], 0, 4);
        at[MAP_CELLS] = raw(&made->head, own[i][1], 4, 3);
        if (values == 3)
            at[2 * MAP_CELLS] = 5;
    }
}

/* What is seen of a label of that box. */
static struct task_evidence see(const struct task_head *made, const float *points, size_t n,
                                size_t values, struct findings *findings) {
    /* The network's (20, 20) to (52, 36) is this in the picture: 64 x 32 pixels. */
    const struct target target = {.box = {40, 32, 104, 64},
                                  .n_points = n,
                                  .point_values = values,
                                  .keypoints = true,
                                  .points = points};
    return task_head_see(made, &target, findings);
}

static const float as_seen[NUMBERS] = {40, 44, 2, 80, 48, 2, 96, 60, 2};

static void test_the_network_s_own(void **state) {
    (void)state;
    for (size_t values = 2; values <= 3; values++)
        for (int centred = 0; centred < 2; centred++) {
            struct task_head made;
            struct findings findings = {0};
            make_head(&made, values, centred);
            struct task_evidence evidence = see(&made, as_seen, POINTS, VALUES, &findings);
            assert_int_equal(evidence.task, TASK_POSE);
            assert_float_equal(evidence.agreement, 1, 1e-5);
            assert_float_equal(evidence.error, 0, 1e-5);
            assert_false(evidence.pose.swapped);
            assert_int_equal(evidence.pose.absent + evidence.pose.invented, 0);
            assert_int_equal(evidence.pose.values, VALUES);
            assert_int_equal(evidence.count, NUMBERS);
            for (size_t i = 0; i < NUMBERS; i++)
                assert_float_equal(findings.numbers[evidence.first + i], as_seen[i], 1e-3);
            findings_free(&findings);
        }
}

/* By hand: one of three points is 12 pixels off, of a box of 64 x 32 pixels with sigmas of 1/3:
 * e = 144 / (8 / 9 0.53 2048) = 0.149253. */
static void test_a_moved_point(void **state) {
    (void)state;
    struct task_head made;
    struct findings findings = {0};
    float moved[NUMBERS];
    make_head(&made, VALUES, false);
    memcpy(moved, as_seen, sizeof moved);
    moved[VALUES] += 12;
    struct task_evidence evidence = see(&made, moved, POINTS, VALUES, &findings);
    assert_float_equal(evidence.agreement, (2 + expf(-0.149253f)) / 3, 1e-5);
    assert_float_equal(evidence.error, 12 / sqrtf(2048), 1e-5);
    assert_int_equal(evidence.pose.point, 1);
    assert_float_equal(findings.numbers[evidence.first + VALUES], 80, 1e-3);
    /* The data set's own sigmas. */
    const float sigmas[POINTS] = {0.1f, 0.05f, 0.1f};
    made.judge.keypoints = (struct keypoint_rules){.count = POINTS, .sigmas = sigmas};
    evidence = see(&made, moved, POINTS, VALUES, &findings);
    float e = 144 / (8 * 0.0025f * 0.53f * 2048);
    assert_float_equal(evidence.agreement, (2 + expf(-e)) / 3, 1e-5);
    /* Not those of another number of points. */
    made.judge.keypoints.count = POINTS + 1;
    evidence = see(&made, moved, POINTS, VALUES, &findings);
    assert_float_equal(evidence.agreement, (2 + expf(-0.149253f)) / 3, 1e-5);
    findings_free(&findings);
}

static void test_left_and_right(void **state) {
    (void)state;
    static const uint16_t flip[POINTS] = {0, 2, 1};
    static const float exchanged[NUMBERS] = {40, 44, 2, 96, 60, 2, 80, 48, 2};
    struct task_head made;
    struct findings findings = {0};
    make_head(&made, VALUES, true);
    assert_false(see(&made, exchanged, POINTS, VALUES, &findings).pose.swapped);
    made.judge.keypoints = (struct keypoint_rules){.count = POINTS, .flip = flip};
    struct task_evidence evidence = see(&made, exchanged, POINTS, VALUES, &findings);
    assert_true(evidence.pose.swapped);
    assert_float_equal(evidence.error, 20 / sqrtf(2048), 1e-5);
    assert_false(see(&made, as_seen, POINTS, VALUES, &findings).pose.swapped);
    /* One point that is off is no exchange. */
    float moved[NUMBERS];
    memcpy(moved, as_seen, sizeof moved);
    moved[0] += 20;
    assert_false(see(&made, moved, POINTS, VALUES, &findings).pose.swapped);
    findings_free(&findings);
}

static void test_visibility(void **state) {
    (void)state;
    struct task_head made;
    struct findings findings = {0};
    make_head(&made, VALUES, false);
    made.extras[2 * MAP_CELLS + CELL] = -5; /* the first is not seen */
    const float lacking[NUMBERS] = {30, 34, 1, 80, 48, 1, 0, 0, 0};
    struct task_evidence evidence = see(&made, lacking, POINTS, VALUES, &findings);
    assert_int_equal(evidence.pose.invented, 1);
    assert_int_equal(evidence.pose.absent, 1);
    /* The one that is far off is not seen, so that nothing is said of it. */
    assert_int_equal(evidence.pose.point, 1);
    assert_float_equal(evidence.error, 0, 1e-5);
    const float suggested[NUMBERS] = {30, 34, 1, 80, 48, 1, 96, 60, 2};
    for (size_t i = 0; i < NUMBERS; i++)
        assert_float_equal(findings.numbers[evidence.first + i], suggested[i], 1e-3);
    /* None that both have. */
    made.extras[(VALUES + 2) * MAP_CELLS + CELL] = -5;
    evidence = see(&made, lacking, POINTS, VALUES, &findings);
    assert_int_equal(evidence.pose.point, -1);
    assert_float_equal(evidence.error, 0, 0);
    findings_free(&findings);
}

/* A point at 0 0 is none where there is no visibility; and a network that does not say what it
 * sees adds none. */
static void test_points_without_visibility(void **state) {
    (void)state;
    static const float lacking[] = {40, 44, 0, 0, 96, 60};
    struct task_head made;
    struct findings findings = {0};
    make_head(&made, 3, false);
    struct task_evidence evidence = see(&made, lacking, POINTS, 2, &findings);
    assert_float_equal(evidence.agreement, 1, 1e-5);
    assert_int_equal(evidence.pose.absent, 1);
    assert_int_equal(evidence.count, 2 * POINTS);
    assert_float_equal(findings.numbers[evidence.first + 2], 80, 1e-3);
    make_head(&made, 2, false);
    evidence = see(&made, lacking, POINTS, 2, &findings);
    assert_int_equal(evidence.pose.absent, 0);
    assert_float_equal(findings.numbers[evidence.first + 2], 0, 0);
    findings_free(&findings);
}

/* A label cannot have what lies outside of the picture. */
static void test_outside_of_the_picture(void **state) {
    (void)state;
    static const float lacking[NUMBERS] = {40, 44, 2, 80, 48, 2, 0, 0, 0};
    static const float having[NUMBERS] = {40, 44, 2, 80, 48, 2, 96, 112, 2};
    struct task_head made;
    struct findings findings = {0};
    make_head(&made, VALUES, false);
    made.extras[(2 * VALUES + 1) * MAP_CELLS + CELL] = raw(&made.head, 120, 4, 3);
    struct task_evidence evidence = see(&made, lacking, POINTS, VALUES, &findings);
    assert_int_equal(evidence.pose.absent, 0);
    assert_float_equal(findings.numbers[evidence.first + 2 * VALUES + 2], 0, 0);
    evidence = see(&made, having, POINTS, VALUES, &findings);
    assert_float_equal(evidence.error, sqrtf(64 / 2048.0f), 1e-5);
    assert_float_equal(findings.numbers[evidence.first + 2 * VALUES + 1], 112, 0);
    findings_free(&findings);
}

static void test_nothing_to_compare(void **state) {
    (void)state;
    static const float none[NUMBERS] = {40, 44, 0, 80, 48, 0, 96, 60, 0};
    struct task_head made;
    struct findings findings = {0};
    make_head(&made, VALUES, false);
    assert_int_equal(see(&made, none, POINTS, VALUES, &findings).task, TASK_DETECT);
    assert_int_equal(see(&made, as_seen, POINTS - 1, VALUES, &findings).task, TASK_DETECT);
    made.extras[CELL] = NAN;
    assert_int_equal(see(&made, as_seen, POINTS, VALUES, &findings).task, TASK_DETECT);
    assert_int_equal(findings.n_numbers, 0);
    assert_true(findings.not_finite);
    findings_free(&findings);
}

static void test_verdict(void **state) {
    (void)state;
    struct evidence evidence = {.judged = true, .own = 0.9f, .suggested = -1, .twin = -1};
    evidence.task = (struct task_evidence){.task = TASK_POSE, .agreement = 0.9f, .error = 0.09f};
    assert_null(task_reason(&evidence));
    evidence.task.error = 0.11f;
    assert_string_equal(task_reason(&evidence), "point");
    evidence.task.pose.swapped = true;
    assert_string_equal(task_reason(&evidence), "swapped");
    evidence.own = 0.01f; /* little is seen of it at all: that says more */
    assert_string_equal(task_reason(&evidence), "weak");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_network_s_own),
        cmocka_unit_test(test_a_moved_point),
        cmocka_unit_test(test_left_and_right),
        cmocka_unit_test(test_visibility),
        cmocka_unit_test(test_points_without_visibility),
        cmocka_unit_test(test_outside_of_the_picture),
        cmocka_unit_test(test_nothing_to_compare),
        cmocka_unit_test(test_verdict),
    };
    return RUN_TESTS(tests);
}
