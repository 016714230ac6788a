/* What labels would look like with other classes, and what the sums of that come to. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge/evidence_math.h"
#include "judge/hypotheses.h"
#include "judge/self_test.h"
#include "unit.h"

enum { CLASSES = 23, ROUNDS = 2000 };

/* Small numbers that look random. */
static uint32_t next(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Mostly next to nothing, as a network's. */
static float draw(uint32_t *state) {
    float x = (float)(next(state) % 10000) / 10000;
    return powf(x, 12) * 0.999f;
}

static bool has_other(const struct hypothesis_basis *basis, size_t class) {
    if (class == basis->class)
        return basis->has_own;
    for (size_t i = 0; i < basis->n_present; i++)
        if (basis->present[i] == class)
            return true;
    return false;
}

/* By the rule as it is written: the margin of each other class. */
static void check(const struct judge *judge, const struct hypothesis_basis *basis) {
    struct hypothesis found[CLASSES];
    hypotheses_find(judge, basis, found);
    for (size_t k = 0; k < CLASSES; k++) {
        if (k == basis->class || !judge->class_in_data[k] || basis->knowing[k] == 0) {
            assert_int_equal(found[k].bin, NO_HYPOTHESIS);
            continue;
        }
        ptrdiff_t strongest = -1;
        for (size_t j = 0; j < CLASSES; j++)
            if (j != k && judge->class_in_data[j] && basis->knowing[j] > 0 &&
                (strongest < 0 || basis->rival[j] > basis->rival[strongest]))
                strongest = (ptrdiff_t)j;
        float margin = evidence_margin(basis->own[k], basis->rival[strongest],
                                       has_other(basis, (size_t)strongest), has_other(basis, k));
        size_t bin = margin_bin(margin);
        /* On an edge, rounding decides. */
        if (found[k].bin != bin && margin_bin(margin + 1e-4f) == margin_bin(margin - 1e-4f))
            fail_msg("class %zu: bin %d, %zu expected (%g)", k, found[k].bin, bin, (double)margin);
        assert_true(fabsf((float)found[k].evidence / EVIDENCE_UNITS - basis->rival[k]) < 0.0026f);
    }
}

static void test_as_the_rule_says(void **state) {
    (void)state;
    uint32_t random = 1;
    bool in_data[CLASSES];
    float own[CLASSES], rival[CLASSES], knowing[CLASSES];
    uint32_t present[3];
    const struct judge judge = {.n_classes = CLASSES, .class_in_data = in_data};
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t k = 0; k < CLASSES; k++) {
            in_data[k] = next(&random) % 8 > 0;
            knowing[k] = next(&random) % 8 > 0 ? 2 : 0;
            rival[k] = draw(&random);
            own[k] = rival[k] + draw(&random) * (1 - rival[k]);
        }
        struct hypothesis_basis basis = {.class = next(&random) % CLASSES,
                                         .own = own,
                                         .rival = rival,
                                         .knowing = knowing,
                                         .present = present,
                                         .n_present = 1 + next(&random) % 3,
                                         .has_own = next(&random) % 2};
        present[0] = basis.class;
        for (size_t i = 1; i < basis.n_present; i++)
            present[i] = (basis.class + (uint32_t)i * 5) % CLASSES;
        for (size_t i = 0; i < basis.n_present; i++) {
            in_data[present[i]] = true;
            knowing[present[i]] = 1;
        }
        check(&judge, &basis);
    }
}

/* Where there is no other class, a label cannot have a wrong one. */
static void test_one_class(void **state) {
    (void)state;
    const float own[] = {0.5f}, knowing[] = {1};
    const uint32_t present[] = {0};
    const struct judge judge = {.n_classes = 1};
    const struct hypothesis_basis basis = {
        .own = own, .rival = own, .knowing = knowing, .present = present, .n_present = 1};
    struct hypothesis found;
    hypotheses_find(&judge, &basis, &found);
    assert_int_equal(found.bin, NO_HYPOTHESIS);
}

static void test_bins(void **state) {
    (void)state;
    assert_int_equal(margin_bin(-9), 0);
    assert_int_equal(margin_bin(1.49f), 0);
    assert_int_equal(margin_bin(1.5f), 1);
    assert_int_equal(margin_bin(3.5f), 5);
    assert_int_equal(margin_bin(7.99f), 13);
    assert_int_equal(margin_bin(8), 14);
    assert_int_equal(margin_bin(99), 14);
}

/* 1000 labels of two of three classes. Any class: 1500 of 2000 pairs lie above 3.5. Look-alikes:
 * nothing is seen of class 2 beside a label of class 0. */
static void test_sums(void **state) {
    (void)state;
    struct self_test_sums sums;
    assert_int_equal(self_test_sums_make(3, &sums), STATUS_OK);
    sums.counts[SUMS_MARGINS] = 900;
    sums.counts[SUMS_MARGINS + 14] = 100;
    sums.counts[SUMS_OTHERS] = 500;
    sums.counts[SUMS_OTHERS + 14] = 1500;
    self_test_pair(&sums, 0, 1)[0] = 500;
    self_test_pair(&sums, 0, 1)[PAIR_EVIDENCE] = 499 * EVIDENCE_UNITS / 2; /* mean .499 */
    self_test_pair(&sums, 0, 2)[14] = 500;
    self_test_pair(&sums, 1, 0)[14] = 500;
    self_test_pair(&sums, 1, 2)[14] = 500;
    struct self_test test = self_test_make(&sums, 3.75);
    assert_int_equal(test.labels, 1000);
    assert_true(fabs(test.row.any_class - 0.75) < 1e-9);
    /* Of class 0 the weights are .499 + .001 and .001. */
    assert_true(fabs(test.row.look_alike - 0.5 * (1 + 0.001 / 0.501)) < 1e-9);
    assert_true(test.share > 0.12 && test.share < 0.14); /* 100 / .75 of 1000 */
    assert_true(test.row.precision > 0.9 && test.row.precision <= 1);
    assert_true(fabs(test.table[4].max_margin - 3.5) < 1e-9);
    assert_true(fabs(test.table[4].any_class - 0.75) < 1e-9);
    assert_true(isnan(self_test_make(&sums, 1.4).row.precision));
    assert_true(isnan(self_test_make(&sums, 8.1).row.any_class));
    assert_true(!isnan(self_test_make(&sums, 8).row.precision));
    sums.counts[SUMS_MARGINS] = 10;
    test = self_test_make(&sums, 3.5);
    assert_true(isnan(test.share) && isnan(test.row.any_class) && isnan(test.table[0].precision));
    self_test_sums_free(&sums);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_rule_says),
        cmocka_unit_test(test_one_class),
        cmocka_unit_test(test_bins),
        cmocka_unit_test(test_sums),
    };
    return RUN_TESTS(tests);
}
