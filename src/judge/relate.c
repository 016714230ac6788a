/* What the evidence of a label says beside the picture's other labels and missing objects. */
#include "judge/evidence_math.h"
#include "judge/judge.h"
#include "judge/rows.h"

/* Of two labels of one object one is to blame, the worse by the rule of dup. The more of the two
 * shows a class of its own, the likelier both are right: a rider and the horse. */
static float copy_of(const struct target *targets, const struct evidence *evidence, size_t index) {
    const struct evidence *own = &evidence[index];
    if (own->twin < 0)
        return 0;
    const struct evidence *other = &evidence[own->twin];
    bool worse = own->dup >= TWIN_IOU;
    float overlap = worse ? own->dup : own->dup + BETTER_TWIN;
    if (targets[index].class == targets[own->twin].class)
        return ramp(overlap, 0.7f, 1) * (worse ? 1.0f : 0.5f);
    float least = own->own < other->own ? own->own : other->own;
    return ramp(overlap, 0.7f, 0.85f) * (1 - least) * (worse ? 1.0f : 0.9f);
}

/* Objects of its class that no label has lie in it: it may be a box around several. */
static float group_of(const struct target *target, const struct detections *missing) {
    struct box label = box_or_empty(box_of(target->box));
    float sum = 0, area = box_area(label);
    for (size_t i = 0; i < missing->count && missing->items[i].confidence >= GROUP_SCORE; i++) {
        const struct detection *object = &missing->items[i];
        struct box box = box_of(object->box);
        if (object->class != target->class || box_area(box) >= GROUP_SHARE * area)
            continue;
        if (box_shared(label, box) > GROUP_INSIDE * box_area(box))
            sum += object->confidence;
    }
    return ramp(sum, 0.7f, 2);
}

void findings_relate(const struct target *targets, struct findings *findings) {
    struct evidence *evidence = findings->evidence;
    for (size_t i = 0; i < findings->n_evidence; i++) {
        if (!evidence[i].judged)
            continue;
        evidence[i].copy = copy_of(targets, evidence, i);
        evidence[i].group = group_of(&targets[i], &findings->missing);
    }
}
