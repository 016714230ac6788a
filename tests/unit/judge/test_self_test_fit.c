/* The fit of how many labels are wrong, against the numbers of a fit by another method (the simplex
 * of Nelder and Mead) of the same likelihood. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/self_test_fit.h"
#include "unit.h"

struct fitted {
    uint64_t labels[MARGIN_BINS];
    double found[MARGIN_EDGES];
    struct margin_fit fit;
    double precision; /* at 3.5 */
};

/* Photographs with a tenth of their labels changed; then made up ones, of thousands and of a
 * million labels, with many, few and no wrong ones. */
static const struct fitted cases[] = {
    {{771, 22, 17, 17, 8, 1, 7, 3, 5, 4, 2, 8, 9, 5, 31},
     {0.9863, 0.9792, 0.9391, 0.8710, 0.8479, 0.8270, 0.7999, 0.7756, 0.7423, 0.7057, 0.6608,
      0.6092, 0.5450, 0.4701},
     {0.089807, 0.290442, 1.006571},
     0.898827},
    {{754, 23, 14, 23, 7, 3, 5, 4, 5, 4, 5, 4, 7, 9, 40},
     {0.9870, 0.9800, 0.9495, 0.8828, 0.8642, 0.8385, 0.8109, 0.7833, 0.7482, 0.7090, 0.6646,
      0.6109, 0.5487, 0.4724},
     {0.105166, 0.305988, 1.033891},
     0.917182},
    {{707, 24, 13, 27, 6, 7, 6, 2, 1, 2, 6, 10, 5, 6, 43},
     {0.9879, 0.9811, 0.9614, 0.8871, 0.8703, 0.8454, 0.8244, 0.8018, 0.7706, 0.7317, 0.6916,
      0.6412, 0.5773, 0.4932},
     {0.109265, 0.330090, 0.990436},
     0.902209},
    {{721, 29, 14, 17, 4, 4, 4, 2, 2, 7, 9, 8, 6, 4, 37},
     {0.9877, 0.9809, 0.9544, 0.8903, 0.8751, 0.8526, 0.8320, 0.8071, 0.7726, 0.7340, 0.6940,
      0.6425, 0.5812, 0.5015},
     {0.103181, 0.420894, 1.220720},
     0.938958},
    {{9228, 246, 144, 86, 54, 37, 28, 25, 24, 24, 22, 20, 17, 13, 32},
     {0.9770, 0.9656, 0.9487, 0.9241, 0.8893, 0.8411, 0.7773, 0.6971, 0.6027, 0.5000, 0.3973,
      0.3029, 0.2227, 0.1589},
     {0.020090, 0.302188, 1.105346},
     0.738958},
    {{877807, 13469, 7813, 5500, 4990, 5570, 6752, 8205, 9532, 10316, 10293, 9451, 8026, 6383,
      15893},
     {0.9770, 0.9656, 0.9487, 0.9241, 0.8893, 0.8411, 0.7773, 0.6971, 0.6027, 0.5000, 0.3973,
      0.3029, 0.2227, 0.1589},
     {0.099998, 0.199836, 1.399349},
     0.983505},
    {{4752, 112, 61, 34, 18, 10, 6, 3, 2, 1, 1, 0, 0, 0, 0},
     {0.9770, 0.9656, 0.9487, 0.9241, 0.8893, 0.8411, 0.7773, 0.6971, 0.6027, 0.5000, 0.3973,
      0.3029, 0.2227, 0.1589},
     {0.000000, 0.299633, 1.199046},
     0.000000},
    {{1168, 28, 25, 27, 33, 42, 53, 65, 76, 83, 82, 76, 64, 51, 127},
     {0.9770, 0.9656, 0.9487, 0.9241, 0.8893, 0.8411, 0.7773, 0.6971, 0.6027, 0.5000, 0.3973,
      0.3029, 0.2227, 0.1589},
     {0.402707, 0.125713, 1.145298},
     0.993666},
};

static void test_known(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fitted *want = &cases[i];
        struct margin_fit fit = margin_fit_make(want->labels, want->found);
        if (fabs(fit.share - want->fit.share) > 1e-3 ||
            fabs(fit.amount - want->fit.amount) > 1e-3 || fabs(fit.rate - want->fit.rate) > 1e-3)
            fail_msg("%zu: %.6f, %.6f, %.6f", i, fit.share, fit.amount, fit.rate);
        double precision = margin_fit_precision(&fit, 3.5, want->found[4]);
        if (fabs(precision - want->precision) > 1e-3)
            fail_msg("%zu: precision %.6f", i, precision);
    }
}

/* No label at all, none above the first edge, all above the last one: numbers, and sensible ones.
 */
static void test_extremes(void **state) {
    (void)state;
    static const uint64_t none[MARGIN_BINS], low[MARGIN_BINS] = {1000},
                                             high[MARGIN_BINS] = {[MARGIN_EDGES] = 1000};
    static const uint64_t *const extremes[] = {none, low, high};
    for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
        struct margin_fit fit = margin_fit_make(extremes[i], cases[0].found);
        double precision = margin_fit_precision(&fit, 3.5, cases[0].found[4]);
        assert_true(fit.share >= 0 && fit.share <= 1);
        assert_true(fit.amount >= 0 && isfinite(fit.amount) && isfinite(fit.rate));
        assert_true(precision >= 0 && precision <= 1);
    }
    assert_true(margin_fit_make(low, cases[0].found).share < 1e-3);
    assert_true(margin_fit_make(high, cases[0].found).share > 0.9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_extremes),
    };
    return RUN_TESTS(tests);
}
