/* The table of verdict rules. */
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
