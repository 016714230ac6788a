/* What a label would look like if it named another class. */
#include "judge/hypotheses.h"

#include <math.h>

#include "judge/evidence_math.h"
#include "judge/self_test_fit.h"
#include "judge/vector_clones.h"

/* The bin of each class whose `own` is given: how many limits lie above it. */
VECTOR_CLONES
static void count_limits(const float *own, size_t n, const float limits[MARGIN_EDGES],
                         struct hypothesis *hypotheses) {
    for (size_t k = 0; k < n; k++) {
        uint32_t bin = 0;
        for (size_t i = 0; i < MARGIN_EDGES; i++)
            bin += own[k] < limits[i];
        hypotheses[k].bin = (uint8_t)bin;
    }
}

VECTOR_CLONES
static void round_evidence(const float *rival, size_t n, struct hypothesis *hypotheses) {
    for (size_t k = 0; k < n; k++)
        hypotheses[k].evidence = (uint8_t)(rival[k] * EVIDENCE_UNITS + 0.5f);
}

/* Below which `own` the margin is above each edge: evidence_margin, without a logarithm a class. */
static void set_limits(float rival, bool has_rival, bool has_own, float limits[MARGIN_EDGES]) {
    for (size_t i = 0; i < MARGIN_EDGES; i++) {
        float edge = (float)(BINS_FROM + BINS_STEP * (double)i);
        limits[i] = margin_own_limit(edge, rival, has_rival, has_own);
    }
}

static bool is_rival(const struct judge *judge, const struct hypothesis_basis *basis,
                     size_t class) {
    return (!basis->knowing || basis->knowing[class] > 0) &&
           (!judge->class_in_data || judge->class_in_data[class]);
}

/* The two strongest classes, the first of equals; -1: there is none. */
struct strongest {
    ptrdiff_t first, second;
};

static struct strongest find_strongest(const struct judge *judge,
                                       const struct hypothesis_basis *basis) {
    const float *rival = basis->rival;
    struct strongest found = {-1, -1};
    for (size_t k = 0; k < judge->n_classes; k++) {
        if (!is_rival(judge, basis, k))
            continue;
        if (found.first < 0 || rival[k] > rival[found.first]) {
            found.second = found.first;
            found.first = (ptrdiff_t)k;
        } else if (found.second < 0 || rival[k] > rival[found.second]) {
            found.second = (ptrdiff_t)k;
        }
    }
    return found;
}

/* Whether another label of the picture has the class. */
static bool has_other(const struct hypothesis_basis *basis, size_t class) {
    if (class == basis->class)
        return basis->has_own;
    for (size_t i = 0; i < basis->n_present; i++)
        if (basis->present[i] == class)
            return true;
    return false;
}

void hypotheses_find(const struct judge *judge, const struct hypothesis_basis *basis,
                     struct hypothesis *hypotheses) {
    float limits[MARGIN_EDGES];
    size_t n = judge->n_classes;
    struct strongest strongest = find_strongest(judge, basis);
    for (size_t k = 0; k < n; k++)
        hypotheses[k] = (struct hypothesis){NO_HYPOTHESIS, 0};
    if (strongest.second < 0)
        return;
    size_t first = (size_t)strongest.first, second = (size_t)strongest.second;
    bool has_first = has_other(basis, first), has_second = has_other(basis, second);
    set_limits(basis->rival[first], has_first, false, limits);
    count_limits(basis->own, n, limits, hypotheses);
    round_evidence(basis->rival, n, hypotheses);
    /* Those of which the picture has labels, and the strongest, whose own rival is the second. */
    set_limits(basis->rival[first], has_first, true, limits);
    for (size_t i = 0; i < basis->n_present; i++) {
        size_t k = basis->present[i];
        if (has_other(basis, k))
            count_limits(basis->own + k, 1, limits, hypotheses + k);
    }
    set_limits(basis->rival[second], has_second, has_first, limits);
    count_limits(basis->own + first, 1, limits, hypotheses + first);
    for (size_t k = 0; k < n; k++)
        if (k == basis->class || !is_rival(judge, basis, k))
            hypotheses[k] = (struct hypothesis){NO_HYPOTHESIS, 0};
}
