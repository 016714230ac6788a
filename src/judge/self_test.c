/* What the sums of the self-test come to. */
#include "judge/self_test.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* Of classes that look alike: what each counts at least, beside the mean of what is seen of it. */
#define LEAST_ALIKE 1e-3

static double edge(size_t i) {
    return BINS_FROM + BINS_STEP * (double)i;
}

size_t margin_bin(float margin) {
    size_t bin = 0;
    while (bin < MARGIN_EDGES && (double)margin >= edge(bin))
        bin++;
    return bin;
}

const char *planted_name(enum planted_kind kind) {
    static const char *const names[PLANTED_KINDS] = {
        [PLANTED_MOVED] = "moved",         [PLANTED_UNSEEN] = "unseen",
        [PLANTED_DUPLICATE] = "duplicate", [PLANTED_MISSING] = "missing",
        [PLANTED_TURNED] = "turned",
    };
    return names[kind];
}

static bool has_pairs(size_t n_classes) {
    return n_classes <= PAIRED_CLASSES;
}

enum status self_test_sums_make(size_t n_classes, struct self_test_sums *sums) {
    size_t pairs = has_pairs(n_classes) ? n_classes * n_classes : 0;
    *sums =
        (struct self_test_sums){.n_classes = n_classes, .length = SUMS_PAIRS + pairs * PAIR_COUNTS};
    return memory_zeroed(sums->length, sizeof *sums->counts, &sums->counts);
}

void self_test_sums_free(struct self_test_sums *sums) {
    free(sums->counts);
    *sums = (struct self_test_sums){0};
}

uint64_t *self_test_pair(const struct self_test_sums *sums, size_t labelled, size_t other) {
    if (!has_pairs(sums->n_classes) || labelled >= sums->n_classes || other >= sums->n_classes)
        return NULL;
    return sums->counts + SUMS_PAIRS + (labelled * sums->n_classes + other) * PAIR_COUNTS;
}

static uint64_t sum(const uint64_t *counts, size_t n) {
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += counts[i];
    return total;
}

/* Of counts in bins: the share above each edge; NAN where there are none. */
static void shares_above(const double bins[MARGIN_BINS], double above[MARGIN_EDGES]) {
    double total = bins[0], rest = 0;
    for (size_t i = MARGIN_EDGES; i > 0; i--)
        above[i - 1] = rest += bins[i];
    total += rest;
    for (size_t i = 0; i < MARGIN_EDGES; i++)
        above[i] = total > 0 ? above[i] / total : NAN;
}

static void find_any_class(const struct self_test_sums *sums, double found[MARGIN_EDGES]) {
    double bins[MARGIN_BINS];
    for (size_t i = 0; i < MARGIN_BINS; i++)
        bins[i] = (double)sums->counts[SUMS_OTHERS + i];
    shares_above(bins, found);
}

/* Adds the labels of one class to the bins, each other class as often as what is seen of it. */
static void add_alike(const struct self_test_sums *sums, size_t class, double bins[MARGIN_BINS]) {
    double weights = 0, own[MARGIN_BINS] = {0}, labels = 0;
    for (size_t k = 0; k < sums->n_classes; k++) {
        const uint64_t *pair = self_test_pair(sums, class, k);
        double n = (double)sum(pair, MARGIN_BINS);
        if (n == 0) /* the class itself, or one that the model does not know */
            continue;
        double weight = (double)pair[PAIR_EVIDENCE] / EVIDENCE_UNITS / n + LEAST_ALIKE;
        labels = n;
        weights += weight;
        for (size_t i = 0; i < MARGIN_BINS; i++)
            own[i] += weight * (double)pair[i] / n;
    }
    for (size_t i = 0; i < MARGIN_BINS && weights > 0; i++)
        bins[i] += labels * own[i] / weights;
}

static void find_look_alike(const struct self_test_sums *sums, double found[MARGIN_EDGES]) {
    double bins[MARGIN_BINS] = {0};
    for (size_t c = 0; has_pairs(sums->n_classes) && c < sums->n_classes; c++)
        add_alike(sums, c, bins);
    shares_above(bins, found);
}

/* Between two edges: in a straight line. */
static double between(const double at_edges[MARGIN_EDGES], double t) {
    double place = (t - edge(0)) / BINS_STEP;
    if (!(place >= 0 && place <= MARGIN_EDGES - 1))
        return NAN;
    size_t low = (size_t)place;
    size_t high = low + 1 < MARGIN_EDGES ? low + 1 : low;
    return at_edges[low] + (place - (double)low) * (at_edges[high] - at_edges[low]);
}

struct self_test self_test_make(const struct self_test_sums *sums, double max_margin) {
    const uint64_t *margins = sums->counts + SUMS_MARGINS;
    struct self_test test = {.labels = sum(margins, MARGIN_BINS), .share = NAN};
    double any_class[MARGIN_EDGES], look_alike[MARGIN_EDGES];
    bool estimated =
        test.labels >= SELF_TEST_LEAST && sum(sums->counts + SUMS_OTHERS, MARGIN_BINS) > 0;
    struct margin_fit fit = {0};
    find_any_class(sums, any_class);
    find_look_alike(sums, look_alike);
    if (estimated) {
        fit = margin_fit_make(margins, any_class);
        test.share = fit.share;
    }
    for (size_t i = 0; i <= MARGIN_EDGES; i++) {
        struct self_test_row *row = i < MARGIN_EDGES ? &test.table[i] : &test.row;
        double t = i < MARGIN_EDGES ? edge(i) : max_margin;
        *row = (struct self_test_row){t, NAN, NAN, NAN};
        if (!estimated)
            continue;
        row->any_class = between(any_class, t);
        row->look_alike = between(look_alike, t);
        row->precision = margin_fit_precision(&fit, t, row->any_class);
    }
    return test;
}
