/* The table of verdict rules. */
#include "judge/judge.h"

#include <math.h>

/* Evidence from which on a place, or another class, is worth naming as the reason. */
#define LOCATION_NEAR 0.25f
#define CONTESTED     0.05f
/* A label is confirmed up to this shift, or max_shift where that is stricter; between the two its
 * place is in doubt, not wrong. */
#define CORRECT_SHIFT 2.0f

static bool is_duplicate(const struct evidence *evidence, const struct thresholds *thresholds) {
    return evidence->dup >= thresholds->max_dup;
}

static bool is_other_class(const struct evidence *evidence, const struct thresholds *thresholds) {
    return evidence->margin > thresholds->max_margin;
}

static bool is_confirmed(const struct evidence *evidence, const struct thresholds *thresholds) {
    return evidence->own >= thresholds->min_own && evidence->own >= evidence->contest &&
           evidence->shift <= fminf(CORRECT_SHIFT, thresholds->max_shift);
}

static bool is_elsewhere(const struct evidence *evidence, const struct thresholds *thresholds) {
    return evidence->shift > thresholds->max_shift && evidence->near >= LOCATION_NEAR &&
           evidence->near >= evidence->contest;
}

static bool is_contested(const struct evidence *evidence, const struct thresholds *thresholds) {
    (void)thresholds;
    return evidence->contest > evidence->own && evidence->contest >= CONTESTED;
}

static bool is_unseen(const struct evidence *evidence, const struct thresholds *thresholds) {
    return evidence->ghost > thresholds->max_ghost;
}

/* No evidence is strong enough. */
static bool is_weak(const struct evidence *evidence, const struct thresholds *thresholds) {
    (void)evidence, (void)thresholds;
    return true;
}

static const struct rule {
    bool (*holds)(const struct evidence *evidence, const struct thresholds *thresholds);
    struct ruling ruling;
} rules[] = {
    {is_duplicate, {VERDICT_UNCERTAIN, "duplicate", false}},
    {is_other_class, {VERDICT_MISLABELED, "class", true}},
    {is_confirmed, {VERDICT_CORRECT, NULL, false}},
    {is_elsewhere, {VERDICT_UNCERTAIN, "location", false}},
    {is_contested, {VERDICT_UNCERTAIN, "contested", false}},
    {is_unseen, {VERDICT_UNCERTAIN, "unseen", false}},
    {is_weak, {VERDICT_UNCERTAIN, "weak", false}}, /* always holds: the last one */
};

struct ruling verdict_of(const struct evidence *evidence, const struct thresholds *thresholds) {
    size_t i = 0;
    while (!rules[i].holds(evidence, thresholds))
        i++;
    return rules[i].ruling;
}

struct ruling verdict_of_unknown(void) {
    return (struct ruling){VERDICT_UNCERTAIN, "unknown_class", false};
}

const char *verdict_name(enum verdict verdict) {
    static const char *const names[VERDICT_COUNT] = {
        [VERDICT_CORRECT] = "correct",
        [VERDICT_MISLABELED] = "mislabeled",
        [VERDICT_UNCERTAIN] = "uncertain",
    };
    return names[verdict];
}
