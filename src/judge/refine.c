/* The model's own box for a label. */
#include "judge/evidence_math.h"
#include "judge/scratch.h"

/* The other labels of the subject's class that are not twins of it. */
struct rivals {
    bool listed; /* they are when one is first asked for */
    size_t n;
    struct rows rows;
    size_t last; /* where the one lies that took the anchor before: often it takes the next, too */
};

static struct rivals list_rivals(const struct judge_scratch *scratch, size_t index) {
    const struct subject *subject = &scratch->subjects[index];
    size_t n = scratch->n_subjects;
    struct rivals rivals = {.listed = true, .rows = rows_in(scratch->rivals, n)};
    rows_overlap(rows_in(scratch->labels, n), subject->box, n, scratch->label_overlap);
    for (size_t i = 0; i < n; i++) {
        const struct subject *other = &scratch->subjects[i];
        if (scratch->label_overlap[i] < TWIN_IOU && i != index && other->known &&
            other->class == subject->class)
            rows_set(rivals.rows, rivals.n++, other->box);
    }
    return rivals;
}

/* Whether a rival overlaps the anchor at a place more than the subject does. */
static bool is_taken(const struct judge_scratch *scratch, size_t index,
                     const struct neighbours *neighbours, size_t place, struct rivals *rivals) {
    float u = neighbours->overlap[place];
    if (neighbours->best[place] <= u)
        return false;
    if (!rivals->listed)
        *rivals = list_rivals(scratch, index);
    struct box anchor = anchors_box_at(neighbours->anchors, place);
    size_t at = rows_find(rivals->rows, rivals->last, rivals->n, anchor, u);
    if (at == rivals->n) {
        at = rows_find(rivals->rows, 0, rivals->last, anchor, u);
        if (at == rivals->last)
            return false;
    }
    rivals->last = at;
    return true;
}

/* The neighbour that speaks most for the label, and sets *most to how much; -1 where none does. */
static ptrdiff_t best_neighbour(const struct judge_scratch *scratch, size_t index,
                                const struct neighbours *neighbours, struct rivals *rivals,
                                float *most) {
    ptrdiff_t best = -1;
    *most = 0;
    for (size_t i = 0; i < neighbours->n; i++) {
        size_t place = neighbours->places[i];
        float value = neighbours->scores[i] * ramp_refine(neighbours->overlap[place]);
        if (value <= *most || is_taken(scratch, index, neighbours, place, rivals))
            continue;
        *most = value;
        best = (ptrdiff_t)i;
    }
    return best;
}

/* The boxes that are averaged. */
struct fusion {
    double sum[4], weights;
};

static void fuse(struct fusion *fusion, struct box box, double weight) {
    fusion->weights += weight;
    fusion->sum[0] += weight * box.x1;
    fusion->sum[1] += weight * box.y1;
    fusion->sum[2] += weight * box.x2;
    fusion->sum[3] += weight * box.y2;
}

float evidence_refine(const struct judge_scratch *scratch, size_t subject,
                      const struct neighbours *neighbours, float *most, struct evidence *evidence) {
    struct rivals rivals = {0};
    struct fusion fusion = {{0}, 0};
    float value, found = 0;
    ptrdiff_t best = best_neighbour(scratch, subject, neighbours, &rivals, &value);
    if (best < 0)
        return 0;
    struct box box = anchors_box_at(neighbours->anchors, neighbours->places[best]);
    for (size_t i = 0; i < neighbours->n; i++) {
        size_t place = neighbours->places[i];
        struct box other = anchors_box_at(neighbours->anchors, place);
        float u = box_iou(box, other), score = neighbours->scores[i];
        if (u <= FUSE_IOU || score <= FUSE_SCORE * neighbours->scores[best])
            continue;
        fuse(&fusion, other, (double)score * u);
        if (!is_taken(scratch, subject, neighbours, place, &rivals))
            found = noisy_or(found, score * ramp_here(u));
    }
    if (value <= *most)
        return found;
    *most = value;
    evidence->has_refined = true;
    evidence->anchor = anchors_id(neighbours->anchors, neighbours->places[best]);
    for (size_t i = 0; i < 4; i++)
        evidence->refined[i] = (float)(fusion.sum[i] / fusion.weights);
    evidence->location = box_iou(scratch->subjects[subject].box, box_of(evidence->refined));
    return found;
}
