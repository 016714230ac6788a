#include "judge/evidence_math.h"
#include "judge/scratch.h"

/* Whether another label of the subject's class, not a twin of it, overlaps the anchor more. */
static bool is_taken(const struct judge_scratch *scratch, size_t index, struct box anchor,
                     float overlap) {
    const struct subject *subject = &scratch->subjects[index];
    for (size_t i = 0; i < scratch->n_subjects; i++) {
        const struct subject *other = &scratch->subjects[i];
        if (i != index && other->known && other->class == subject->class &&
            box_iou(other->box, anchor) > overlap && box_iou(subject->box, other->box) < TWIN_IOU)
            return true;
    }
    return false;
}

/* The neighbour that speaks most for the label; -1 where none does. */
static ptrdiff_t best_neighbour(const struct judge_scratch *scratch, size_t index,
                                const struct neighbours *neighbours) {
    float most = 0;
    ptrdiff_t best = -1;
    for (size_t i = 0; i < neighbours->n; i++) {
        size_t place = neighbours->places[i];
        float u = neighbours->overlap[place], value = neighbours->scores[i] * ramp_refine(u);
        if (value <= most)
            continue;
        if (neighbours->best[place] > u &&
            is_taken(scratch, index, anchors_box_at(&scratch->anchors, place), u))
            continue;
        most = value;
        best = (ptrdiff_t)i;
    }
    return best;
}

void evidence_refine(const struct judge_scratch *scratch, size_t subject,
                     const struct neighbours *neighbours, struct evidence *evidence) {
    const struct anchors *anchors = &scratch->anchors;
    ptrdiff_t best = best_neighbour(scratch, subject, neighbours);
    if (best < 0)
        return;
    struct box box = anchors_box_at(anchors, neighbours->places[best]);
    double sum[4] = {0}, weights = 0;
    for (size_t i = 0; i < neighbours->n; i++) {
        struct box other = anchors_box_at(anchors, neighbours->places[i]);
        float u = box_iou(box, other), score = neighbours->scores[i];
        if (u <= FUSE_IOU || score <= FUSE_SCORE * neighbours->scores[best])
            continue;
        double weight = (double)score * u;
        weights += weight;
        sum[0] += weight * other.x1;
        sum[1] += weight * other.y1;
        sum[2] += weight * other.x2;
        sum[3] += weight * other.y2;
    }
    evidence->has_refined = true;
    for (size_t i = 0; i < 4; i++)
        evidence->refined[i] = (float)(sum[i] / weights);
    evidence->location = box_iou(scratch->subjects[subject].box, box_of(evidence->refined));
}
