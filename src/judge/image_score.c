/* How likely an image has no label error. */
#include "judge/evidence_math.h"
#include "judge/judge.h"

/* The chance that a label is no error: of its class, its place, its existence, its being another's
 * duplicate. Each logistic is centred where such labels become suspect. */
static double chance_label_is_right(const struct evidence *evidence) {
    double class = logistic(((double)evidence->margin - 3.5) / 0.5);
    double place = logistic((double)evidence->shift - 5);
    double ghost = logistic(((double)evidence->ghost - 5) / 0.2);
    double duplicate = 0.5 * logistic(((double)evidence->dup - 0.7) / 0.03);
    return (1 - class) * (1 - place) * (1 - ghost) * (1 - duplicate);
}

double image_score(const struct findings *findings) {
    double most = 0;
    for (size_t i = 0; i < findings->missing.count; i++)
        most = fmax(most, findings->missing.items[i].confidence);
    double score = 1 - 0.999 * most * most;
    for (size_t i = 0; i < findings->n_evidence; i++)
        if (findings->evidence[i].judged)
            score *= chance_label_is_right(&findings->evidence[i]);
    return score;
}
