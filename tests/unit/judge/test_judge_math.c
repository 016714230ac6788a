/* Per-element arithmetic of head_decode.h, box.h and evidence_math.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/evidence_math.h"
#include "judge/head_decode.h"
#include "unit.h"

static void test_sigmoid_and_exp(void **state) {
    (void)state;
    for (float x = -87; x <= 87; x += 0.0137f)
        assert_true(fabs(exp_fast(x) / exp((double)x) - 1) < 3e-7);
    assert_true(isfinite(exp_fast(INFINITY)) && exp_fast(-INFINITY) < 1e-37f);
    assert_true(sigmoid(NAN) < 1e-37f && sigmoid(-INFINITY) < 1e-37f);
    assert_float_equal(sigmoid(INFINITY), 1, 0);
    assert_float_equal(sigmoid(0), 0.5, 1e-7);
    assert_float_equal(sigmoid(logit(0.05f)), 0.05, 1e-7);
    assert_float_equal(score_clamp(NAN), 0, 0);
    assert_float_equal(score_clamp(1.5f), 1, 0);
}

static void test_dfl(void **state) {
    (void)state;
    const float logits[] = {0, 9, logf(3), 9, 0, 9}; /* stride 2: weights 1, 3, 1 */
    assert_float_equal(dfl_expectation(logits, 2, 3), 1, 1e-6);
    const float odd[] = {NAN, 200, -INFINITY, 200};
    assert_float_equal(dfl_expectation(odd, 1, 4), 2, 1e-6);
    const float hopeless[] = {NAN, NAN, NAN};
    assert_true(isfinite(dfl_expectation(hopeless, 1, 3)));
}

static void test_boxes(void **state) {
    (void)state;
    struct box unit = {0, 0, 1, 1}, half = {0.5f, 0, 1.5f, 1}, far = {5, 5, 6, 6};
    assert_float_equal(box_iou(unit, unit), 1, 1e-6);
    assert_float_equal(box_iou(unit, half), 1.0 / 3, 1e-6);
    assert_float_equal(box_iou(unit, far), 0, 0);
    assert_float_equal(box_iou((struct box){0}, (struct box){0}), 0, 0);
    assert_false(box_usable((struct box){1, 0, 0, 1}));
    assert_false(box_usable((struct box){0, 0, NAN, 1}));
    assert_false(box_usable((struct box){0, 0, 2e7f, 1}));
}

static void test_ramp_and_noisy_or(void **state) {
    (void)state;
    assert_float_equal(ramp(0.3f, 0.3f, 0.7f), 0, 0);
    assert_float_equal(ramp(0.5f, 0.3f, 0.7f), 0.5, 1e-6);
    assert_float_equal(ramp(0.9f, 0.3f, 0.7f), 1, 0);
    float tiny = 0;
    for (size_t i = 0; i < 1000; i++)
        tiny = noisy_or(tiny, 1e-9f);
    assert_float_equal(tiny / 1e-6, 1, 1e-3);
    assert_float_equal(noisy_or(0, 1), 0.999, 1e-6);
}

static void test_formulas(void **state) {
    (void)state;
    /* A rival has to overlap more than own does to count as much. */
    assert_float_equal(ramp_class(0.5f), 0.5, 1e-6);
    assert_float_equal(ramp_rival(0.5f), 0.25, 1e-6);
    assert_float_equal(ramp_rival(0.4f), 0, 0);
    assert_float_equal(ramp_rival(0.8f), 1, 0);
    double alone = log((0.5 + 1e-3) / (0.01 + 1e-4));
    assert_float_equal(evidence_margin(0.01f, 0.5f, false, false), alone, 1e-5);
    assert_float_equal(evidence_margin(0.01f, 0.5f, true, false), alone + 0.5, 1e-5);
    assert_float_equal(evidence_margin(0.01f, 0.5f, false, true), alone - 1, 1e-5);
    assert_float_equal(evidence_margin(0.01f, 0.5f, true, true), alone - 0.5, 1e-5);
    assert_float_equal(evidence_shift(0.9f, 0.1f), log(0.91 / 0.101), 1e-5);
    double ghost = 0.5 * log(2) - log(0.01 + 0.02 + 3e-3) - 0.5 * log(0.3 + 1e-2);
    assert_float_equal(evidence_ghost(200, 0.01f, 0.2f, 0.3f), ghost, 1e-5);
    assert_true(evidence_ghost(200, 0.01f, 0.2f, 0) > ghost + 1);
    assert_true(isfinite(evidence_ghost(0, 0, 0, 0)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sigmoid_and_exp), cmocka_unit_test(test_dfl),
        cmocka_unit_test(test_boxes),           cmocka_unit_test(test_ramp_and_noisy_or),
        cmocka_unit_test(test_formulas),
    };
    return RUN_TESTS(tests);
}
