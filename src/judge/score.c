/* How likely it is that nothing is wrong: with a label, with a picture. */
#include <math.h>

#include "judge/judge.h"

/* 1 less the logistic function, in the form that does not cancel where that is close to 1: grave
 * errors are told from graver ones. */
static double chance(double suspicion) {
    return 1 / (1 + exp(suspicion));
}

/* The chance that a label is no error: of its class, its place, its existence, its being another's
 * duplicate. Each is one half (a duplicate: three quarters) where such labels become suspect. */
double box_score(const struct evidence *evidence) {
    if (!evidence->judged)
        return 1;
    double class = chance(((double)evidence->margin - 3) / 0.5);
    double place = chance((double)evidence->shift - 5);
    double existence = chance(((double)evidence->ghost - 7.5) / 0.2);
    double single = chance(((double)evidence->dup - 0.7) / 0.03);
    return class * place * existence * (1 + single) / 2;
}

double missing_score(double confidence) {
    return 1 - 0.999 * confidence * confidence;
}

/* e to a sum of logarithms; where that would be too small for a double, lower sums still give lower
 * numbers. */
static double product_of_logs(double sum) {
    const double least = -690;
    return sum >= least ? exp(sum) : exp(least) * (least / sum);
}

double image_score(const struct findings *findings) {
    double most = 0;
    for (size_t i = 0; i < findings->missing.count; i++)
        most = fmax(most, findings->missing.items[i].confidence);
    double sum = log(missing_score(most));
    for (size_t i = 0; i < findings->n_evidence; i++)
        sum += log(box_score(&findings->evidence[i]));
    return product_of_logs(sum);
}
