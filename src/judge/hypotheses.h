/* What a label would look like if it named another class. */
#ifndef VERIFY_JUDGE_HYPOTHESES_H
#define VERIFY_JUDGE_HYPOTHESES_H

#include "judge/judge.h"

/* What is known of one label. */
struct hypothesis_basis {
    uint32_t class; /* the judge's, as all here */
    /* [n_classes of the judge]: evidence for each class, by the ramp of own, of all anchors; and by
     * that of rival, of those that no other label of the class overlaps more. */
    const float *own, *rival;
    const float *knowing; /* likewise: 0 for a class that no view knows; NULL: all are known */
    size_t n_present;
    const uint32_t *present; /* the classes of the picture's labels, each once */
    bool has_own;            /* another label has the same class */
};

/* Fills hypotheses[n_classes of the judge]. */
void hypotheses_find(const struct judge *judge, const struct hypothesis_basis *basis,
                     struct hypothesis *hypotheses);

#endif
