/* How many labels are wrong, from the margins that the labels have: docs/self-test.md. */
#ifndef VERIFY_JUDGE_SELF_TEST_FIT_H
#define VERIFY_JUDGE_SELF_TEST_FIT_H

#include <stdint.h>

/* Margins are counted in bins: below 1.5, then from 1.5 on in steps of one half, the last without
 * an end. */
#define BINS_FROM 1.5
#define BINS_STEP 0.5
enum { MARGIN_EDGES = 14, MARGIN_BINS = MARGIN_EDGES + 1 };

/* Of n labels, expected above a margin t are n (share found(t) + amount exp(-rate t)): those that
 * are wrong, of which the share found(t) has such a margin, and those that are right. */
struct margin_fit {
    double share, amount, rate;
};

/* Fits it to how many labels each bin has. `found`: of labels with a wrong class, the share whose
 * margin is above each edge. The Poisson likelihood decides, with a prior for the rate: ln(rate) is
 * about ln(1.2), give or take .25. */
struct margin_fit margin_fit_make(const uint64_t labels[MARGIN_BINS],
                                  const double found[MARGIN_EDGES]);

/* Of labels above a margin t of which `found` of the wrong ones are: the share that is wrong. */
double margin_fit_precision(const struct margin_fit *fit, double t, double found);

#endif
