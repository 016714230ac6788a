/* What became of the errors that were planted. */
#include "base/memory.h"
#include "job/planting.h"
#include "judge/box.h"

/* An object that is reported overlaps the label that was dropped more. */
#define SAME_PLACE 0.5f

/* Whether a view knew the class: what is added where nothing is has any. */
static bool is_judged(const struct planted *planted, const struct findings *findings) {
    return planted->target == NOT_A_TARGET || findings->evidence[planted->target].judged;
}

/* Whether nothing speaks against the label as it is, but perhaps that little is seen of it. */
static bool is_sound(const struct image_result *result, size_t label) {
    const struct ruling *ruling = &result->boxes[label].ruling;
    return ruling->verdict == VERDICT_CORRECT || ruling->reason == REASON_WEAK;
}

static bool is_reported(const struct findings *findings, float missing_conf, struct box box) {
    for (size_t i = 0; i < findings->missing.count; i++) {
        const struct detection *missing = &findings->missing.items[i];
        if (missing->certainty >= missing_conf &&
            box_iou(box_or_empty(box_of(missing->box)), box) > SAME_PLACE)
            return true;
    }
    return false;
}

static struct planted_result judge_one(const struct planted *planted,
                                       const struct findings *findings,
                                       const struct thresholds *thresholds) {
    struct planted_result result = {.kind = planted->kind};
    if (planted->kind == PLANTED_MISSING) {
        result.doubted = is_reported(findings, thresholds->missing_conf, box_of(planted->box));
        return result;
    }
    struct ruling ruling = verdict_of(&findings->evidence[planted->target], thresholds);
    /* Which of two labels of one object is the wrong one, nobody can say. */
    if (planted->kind == PLANTED_DUPLICATE && ruling.reason != REASON_DUPLICATE) {
        struct ruling other = verdict_of(&findings->evidence[planted->other], thresholds);
        if (other.reason == REASON_DUPLICATE)
            ruling = other;
    }
    result.doubted = ruling.verdict != VERDICT_CORRECT;
    result.reason = ruling.reason;
    return result;
}

enum status planting_judge(const struct planting *planting, const struct findings *findings,
                           const struct thresholds *thresholds, struct image_result *result) {
    enum status status;
    TRY(memory_reserve(&result->planted, &result->planted_capacity, planting->n_planted,
                       sizeof *result->planted));
    result->n_planted = 0;
    for (size_t i = 0; i < planting->n_planted; i++) {
        const struct planted *planted = &planting->planted[i];
        if (is_judged(planted, findings) &&
            (planted->label == NOT_A_TARGET || is_sound(result, planted->label)))
            result->planted[result->n_planted++] = judge_one(planted, findings, thresholds);
    }
out:
    return status;
}
