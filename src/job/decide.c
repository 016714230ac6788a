/* What the thresholds make of an image. */
#include "job/decide.h"

#include "base/memory.h"

struct thresholds options_thresholds(const struct options *options) {
    return (struct thresholds){
        .max_margin = (float)options->max_margin,
        .max_shift = (float)options->max_shift,
        .max_ghost = (float)options->max_ghost,
        .min_own = (float)options->min_own,
        .max_dup = (float)options->max_dup,
        .min_outline = (float)options->min_outline,
        .max_angle = (float)options->max_angle,
        .max_point = (float)options->max_point,
        .missing_conf = (float)options->missing_conf,
    };
}

static enum status select_missing(const struct thresholds *thresholds, struct detections *missing,
                                  struct image_result *result) {
    enum status status =
        memory_reserve(&missing->items, &missing->capacity,
                       result->n_objects ? result->n_objects : 1, sizeof *missing->items);
    if (status != STATUS_OK)
        return status;
    missing->count = 0;
    for (size_t i = 0; i < result->n_objects; i++)
        if (result->objects[i].certainty >= thresholds->missing_conf)
            missing->items[missing->count++] = result->objects[i];
    result->n_missing = missing->count;
    result->missing = missing->items;
    return STATUS_OK;
}

/* Whether nothing speaks against the label as it is, but perhaps that little is seen of it. */
static bool is_sound(const struct image_result *result, size_t label) {
    const struct ruling *ruling = &result->boxes[label].ruling;
    return ruling->verdict == VERDICT_CORRECT || ruling->reason == REASON_WEAK;
}

static struct planted_result decide_planted(const struct planted_seen *seen,
                                            const struct thresholds *thresholds) {
    struct planted_result result = {.kind = seen->kind};
    if (seen->kind == PLANTED_MISSING) {
        result.doubted = seen->certainty >= thresholds->missing_conf;
        return result;
    }
    struct ruling ruling = verdict_of(&seen->wrong, thresholds);
    /* Which of two labels of one object is the wrong one, nobody can say. */
    if (seen->kind == PLANTED_DUPLICATE && ruling.reason != REASON_DUPLICATE) {
        struct ruling other = verdict_of(&seen->other, thresholds);
        if (other.reason == REASON_DUPLICATE)
            ruling = other;
    }
    result.doubted = ruling.verdict != VERDICT_CORRECT;
    result.reason = ruling.reason;
    return result;
}

static enum status decide_all_planted(const struct thresholds *thresholds,
                                      struct image_result *result) {
    enum status status;
    result->n_planted = 0;
    TRY(memory_reserve(&result->planted, &result->planted_capacity,
                       result->n_seen ? result->n_seen : 1, sizeof *result->planted));
    for (size_t i = 0; i < result->n_seen; i++) {
        const struct planted_seen *seen = &result->seen[i];
        if (seen->label == NO_LABEL || is_sound(result, seen->label))
            result->planted[result->n_planted++] = decide_planted(seen, thresholds);
    }
out:
    return status;
}

enum status image_decide(const struct thresholds *thresholds, struct detections *missing,
                         struct image_result *result) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < result->n_boxes; i++) {
        struct box_result *box = &result->boxes[i];
        box->ruling =
            box->evidence.judged ? verdict_of(&box->evidence, thresholds) : verdict_of_unknown();
    }
    TRY(select_missing(thresholds, missing, result));
    TRY(decide_all_planted(thresholds, result));
    result->bucket = bucket_of(result);
out:
    return status;
}
