/* What is seen of the errors that were planted. */
#include "base/memory.h"
#include "job/planting.h"
#include "judge/box.h"

/* An object that is reported overlaps the label that was dropped more. */
#define SAME_PLACE 0.5f

/* Whether a view knew the class: what is added where nothing is has any. */
static bool is_judged(const struct planted *planted, const struct findings *findings) {
    return planted->target == NOT_A_TARGET || findings->evidence[planted->target].judged;
}

static float certainty_at(const struct findings *findings, struct box box) {
    float most = 0;
    for (size_t i = 0; i < findings->missing.count; i++) {
        const struct detection *missing = &findings->missing.items[i];
        if (missing->certainty > most &&
            box_iou(box_or_empty(box_of(missing->box)), box) > SAME_PLACE)
            most = missing->certainty;
    }
    return most;
}

static struct planted_seen see_one(const struct planted *planted, const struct findings *findings) {
    struct planted_seen seen = {.kind = planted->kind, .label = planted->label};
    if (planted->kind == PLANTED_MISSING) {
        seen.certainty = certainty_at(findings, box_of(planted->box));
        return seen;
    }
    seen.wrong = findings->evidence[planted->target];
    if (planted->kind == PLANTED_DUPLICATE)
        seen.other = findings->evidence[planted->other];
    return seen;
}

enum status planting_see(const struct planting *planting, const struct findings *findings,
                         struct image_result *result) {
    enum status status;
    result->n_seen = 0;
    TRY(memory_reserve(&result->seen, &result->seen_capacity,
                       planting->n_planted ? planting->n_planted : 1, sizeof *result->seen));
    for (size_t i = 0; i < planting->n_planted; i++) {
        const struct planted *planted = &planting->planted[i];
        if (is_judged(planted, findings))
            result->seen[result->n_seen++] = see_one(planted, findings);
    }
out:
    return status;
}
