/* Fits how many labels are wrong to their margins. */
#include "judge/self_test_fit.h"

#include <math.h>
#include <stddef.h>

#define USUAL_RATE  1.2
#define RATE_SPREAD 0.25
/* What is tried, as logarithms: shares and amounts from one in a million on, rates within five
 * standard deviations. */
#define LEAST        (-14.0)
#define MOST_SHARE   0.0
#define MOST_AMOUNT  6.0
#define RATE_RANGE   (5 * RATE_SPREAD)
#define PRECISE      1e-6 /* of the logarithms */
#define RATES_TRIED  24   /* before the best is refined */
#define GOLDEN_RATIO 0.6180339887498949

/* What the logarithms of the three parameters are tried on. */
struct trial {
    const uint64_t *labels; /* by bin */
    double total;
    double wrong[MARGIN_EDGES];   /* of the wrong labels: the share in each bin but the first */
    double decline[MARGIN_EDGES]; /* exp(-rate t) of a bin's edges: how much it falls within */
    double rate, amount;          /* logarithms */
};

/* A function of one logarithm, the others being set in the trial. */
typedef double loss_function(struct trial *trial, double x);

/* Where a function that falls and then rises is lowest; *least: its value there. */
static double search(loss_function *loss, struct trial *trial, double low, double high,
                     double *least) {
    double left = high - GOLDEN_RATIO * (high - low), right = low + GOLDEN_RATIO * (high - low);
    double at_left = loss(trial, left), at_right = loss(trial, right);
    while (high - low > PRECISE) {
        if (at_left <= at_right) {
            high = right;
            right = left;
            at_right = at_left;
            left = high - GOLDEN_RATIO * (high - low);
            at_left = loss(trial, left);
        } else {
            low = left;
            left = right;
            at_left = at_right;
            right = low + GOLDEN_RATIO * (high - low);
            at_right = loss(trial, right);
        }
    }
    *least = at_left <= at_right ? at_left : at_right;
    return at_left <= at_right ? left : right;
}

/* The negative logarithm of the likelihood. */
static double loss_of_share(struct trial *trial, double log_share) {
    double share = exp(log_share), amount = exp(trial->amount), loss = 0;
    for (size_t i = 0; i < MARGIN_EDGES; i++) {
        double expected =
            trial->total * (share * trial->wrong[i] + amount * trial->decline[i]) + 1e-9;
        loss += expected - (double)trial->labels[i + 1] * log(expected);
    }
    double apart = (trial->rate - log(USUAL_RATE)) / RATE_SPREAD;
    return loss + apart * apart / 2;
}

/* For a given rate the likelihood is a convex function of share and amount, so that what remains of
 * it with the best share has one minimum, too. */
static double loss_of_amount(struct trial *trial, double log_amount) {
    double least;
    trial->amount = log_amount;
    search(loss_of_share, trial, LEAST, MOST_SHARE, &least);
    return least;
}

static double loss_of_rate(struct trial *trial, double log_rate) {
    double least, rate = exp(log_rate);
    trial->rate = log_rate;
    for (size_t i = 0; i < MARGIN_EDGES; i++) {
        double from = BINS_FROM + BINS_STEP * (double)i;
        double rest = i + 1 < MARGIN_EDGES ? exp(-rate * (from + BINS_STEP)) : 0;
        trial->decline[i] = exp(-rate * from) - rest;
    }
    search(loss_of_amount, trial, LEAST, MOST_AMOUNT, &least);
    return least;
}

/* Where it is least on a grid, since over rates it may have several minima. */
static double best_rate(struct trial *trial, double step) {
    double best = log(USUAL_RATE), least = loss_of_rate(trial, best);
    for (int i = -RATES_TRIED / 2; i <= RATES_TRIED / 2; i++) {
        double rate = log(USUAL_RATE) + step * i, loss = loss_of_rate(trial, rate);
        if (loss < least) {
            least = loss;
            best = rate;
        }
    }
    return best;
}

struct margin_fit margin_fit_make(const uint64_t labels[MARGIN_BINS],
                                  const double found[MARGIN_EDGES]) {
    struct trial trial = {.labels = labels};
    const double step = 2 * RATE_RANGE / RATES_TRIED;
    double unused;
    for (size_t i = 0; i < MARGIN_BINS; i++)
        trial.total += (double)labels[i];
    for (size_t i = 0; i < MARGIN_EDGES; i++)
        trial.wrong[i] = found[i] - (i + 1 < MARGIN_EDGES ? found[i + 1] : 0);
    double near = best_rate(&trial, step);
    double rate = search(loss_of_rate, &trial, near - step, near + step, &unused);
    loss_of_rate(&trial, rate);
    double amount = search(loss_of_amount, &trial, LEAST, MOST_AMOUNT, &unused);
    loss_of_amount(&trial, amount);
    double share = search(loss_of_share, &trial, LEAST, MOST_SHARE, &unused);
    return (struct margin_fit){exp(share), exp(amount), exp(rate)};
}

double margin_fit_precision(const struct margin_fit *fit, double t, double found) {
    double wrong = fit->share * found, right = fit->amount * exp(-fit->rate * t);
    return wrong / (wrong + right);
}
