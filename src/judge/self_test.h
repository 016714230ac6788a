/* The self-test: how well errors are found on the user's own data. What each label would look like
 * if it named another class, and what became of errors that were planted, summed up over a run:
 * docs/self-test.md. All sums are whole numbers, so that order and ranks do not matter. */
#ifndef VERIFY_JUDGE_SELF_TEST_H
#define VERIFY_JUDGE_SELF_TEST_H

#include "judge/judge.h"
#include "judge/self_test_fit.h"

/* The bin of a margin. */
size_t margin_bin(float margin);

/* Errors that are planted in memory, beside wrong classes. */
enum planted_kind {
    PLANTED_MOVED,
    PLANTED_UNSEEN,
    PLANTED_DUPLICATE,
    PLANTED_MISSING,
    PLANTED_TURNED, /* only where oriented boxes are judged as such */
    PLANTED_KINDS
};
/* As in the report: "moved" and so on. */
const char *planted_name(enum planted_kind kind);

/* Of one kind of planted errors. */
enum planted_count {
    PLANTED_ALL,
    PLANTED_DOUBTED, /* + enum reason: why; of missing objects, which have none, REASON_NONE */
    PLANTED_COUNTS = PLANTED_DOUBTED + REASON_COUNT,
};

/* Counts of a pair of classes: the labels of the one in each bin of the margin that they would have
 * with the other, and the sum of what is seen of the other, in units of 1 / EVIDENCE_UNITS. */
enum { PAIR_EVIDENCE = MARGIN_BINS, PAIR_COUNTS };
/* Pairs of more classes than this would take more memory than they are worth. */
enum { PAIRED_CLASSES = 400 };

/* Places in the sums' one array. */
enum self_test_count {
    SUMS_MARGINS,                             /* + bin: labels as they are */
    SUMS_OTHERS = SUMS_MARGINS + MARGIN_BINS, /* + bin: labels with each other class */
    SUMS_PLANTED = SUMS_OTHERS + MARGIN_BINS, /* + kind * PLANTED_COUNTS + … */
    SUMS_PAIRS = SUMS_PLANTED + PLANTED_KINDS * PLANTED_COUNTS, /* + pair * PAIR_COUNTS + … */
};

struct self_test_sums {
    size_t n_classes; /* of the data set; its pairs are counted where there are few enough */
    size_t length;
    uint64_t *counts; /* [length]; owned */
};
/* All counts are 0. On failure there is nothing to free. */
enum status self_test_sums_make(size_t n_classes, struct self_test_sums *sums);
void self_test_sums_free(struct self_test_sums *sums); /* zeroed is fine */
/* The counts of labels of one class as if they were of the other; NULL where they are not kept. */
uint64_t *self_test_pair(const struct self_test_sums *sums, size_t labelled, size_t other);

/* What is found at one threshold; NAN where there is no estimate. */
struct self_test_row {
    double max_margin;
    double any_class, look_alike; /* of labels with a wrong class, the share that is found: one that
                                     is as good as another, or one that looks alike */
    double precision;             /* of what is called mislabeled, the share that is wrong */
};

/* Fewer labels tell too little. */
enum { SELF_TEST_LEAST = 200 };

struct self_test {
    uint64_t labels;
    double share; /* of the labels: how many are estimated to have a wrong class; NAN: none is */
    struct self_test_row row; /* at the run's threshold; NAN, too, beyond those of the table */
    struct self_test_row table[MARGIN_EDGES];
};

/* What the sums come to. */
struct self_test self_test_make(const struct self_test_sums *sums, double max_margin);

#endif
