/* The rules of the verdict, in their order. */
#include "judge/judge.h"

/* Evidence above which a place, or another class, is worth naming as the reason. */
#define LOCATION_NEAR   0.25f
#define CONTESTED_RIVAL 0.05f

static bool is_duplicate(const struct evidence *evidence, const struct thresholds *thresholds) {
    return evidence->dup >= thresholds->max_dup;
}

static bool is_other_class(const struct evidence *evidence, const struct thresholds *thresholds) {
    return evidence->margin > thresholds->max_margin;
}

static bool is_confirmed(const struct evidence *evidence, const struct thresholds *thresholds) {
    return evidence->own >= thresholds->min_own && evidence->own >= evidence->rival &&
           evidence->shift <= thresholds->max_shift;
}

static bool is_elsewhere(const struct evidence *evidence, const struct thresholds *thresholds) {
    return evidence->shift > thresholds->max_shift && evidence->near >= LOCATION_NEAR &&
           evidence->near >= evidence->rival;
}

static bool is_contested(const struct evidence *evidence, const struct thresholds *thresholds) {
    (void)thresholds;
    return evidence->rival > evidence->own && evidence->rival >= CONTESTED_RIVAL;
}

static bool is_unseen(const struct evidence *evidence, const struct thresholds *thresholds) {
    return evidence->ghost > thresholds->max_ghost;
}

static const struct rule {
    bool (*holds)(const struct evidence *evidence, const struct thresholds *thresholds);
    enum verdict verdict;
    enum reason reason;
} rules[] = {
    {is_duplicate, VERDICT_UNCERTAIN, REASON_DUPLICATE},
    {is_other_class, VERDICT_MISLABELED, REASON_CLASS},
    {is_confirmed, VERDICT_CORRECT, REASON_NONE},
    {is_elsewhere, VERDICT_UNCERTAIN, REASON_LOCATION},
    {is_contested, VERDICT_UNCERTAIN, REASON_CONTESTED},
    {is_unseen, VERDICT_UNCERTAIN, REASON_UNSEEN},
};

enum verdict verdict_of(const struct evidence *evidence, const struct thresholds *thresholds,
                        enum reason *reason) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].holds(evidence, thresholds)) {
            *reason = rules[i].reason;
            return rules[i].verdict;
        }
    }
    *reason = REASON_WEAK;
    return VERDICT_UNCERTAIN;
}

const char *verdict_name(enum verdict verdict) {
    switch (verdict) {
    case VERDICT_CORRECT:
        return "correct";
    case VERDICT_MISLABELED:
        return "mislabeled";
    case VERDICT_UNCERTAIN:
    case VERDICT_COUNT:
        break;
    }
    return "uncertain";
}

const char *reason_name(enum reason reason) {
    switch (reason) {
    case REASON_NONE:
        break;
    case REASON_CLASS:
        return "class";
    case REASON_LOCATION:
        return "location";
    case REASON_CONTESTED:
        return "contested";
    case REASON_WEAK:
        return "weak";
    case REASON_UNSEEN:
        return "unseen";
    case REASON_DUPLICATE:
        return "duplicate";
    case REASON_UNKNOWN_CLASS:
        return "unknown_class";
    }
    return NULL;
}
