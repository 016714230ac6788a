/* The model's own box for a label. */
#include "judge/evidence_math.h"
#include "judge/scratch.h"

/* The other labels of the subject's class that are not twins of it. */
struct rivals {
    size_t n;
    struct rows rows;
    size_t last; /* where the one lies that took the anchor before: often it takes the next, too */
};

static struct rivals list_rivals(const struct judge_scratch *scratch, size_t index) {
    const struct subject *subject = &scratch->subjects[index];
    size_t n = scratch->n_subjects;
    struct rivals rivals = {.rows = rows_in(scratch->rivals, n)};
    rows_overlap(rows_in(scratch->labels, n), subject->box, n, scratch->label_overlap);
    for (size_t i = 0; i < n; i++) {
        const struct subject *other = &scratch->subjects[i];
        if (scratch->label_overlap[i] < TWIN_IOU && i != index && other->known &&
            other->class == subject->class)
            rows_set(rivals.rows, rivals.n++, other->box);
    }
    return rivals;
}

/* Whether a rival overlaps the anchor more than the subject does. */
static bool is_taken(struct rivals *rivals, struct box anchor, float overlap) {
    size_t at = rows_find(rivals->rows, rivals->last, rivals->n, anchor, overlap);
    if (at == rivals->n) {
        at = rows_find(rivals->rows, 0, rivals->last, anchor, overlap);
        if (at == rivals->last)
            return false;
    }
    rivals->last = at;
    return true;
}

/* The neighbour that speaks most for the label, more than *most, which it raises; -1 where none
 * does. */
static ptrdiff_t best_neighbour(const struct judge_scratch *scratch, size_t index,
                                const struct neighbours *neighbours, float *most) {
    ptrdiff_t best = -1;
    struct rivals rivals = {0};
    bool listed = false;
    for (size_t i = 0; i < neighbours->n; i++) {
        size_t place = neighbours->places[i];
        float u = neighbours->overlap[place], value = neighbours->scores[i] * ramp_refine(u);
        if (value <= *most)
            continue;
        if (neighbours->best[place] > u) {
            if (!listed)
                rivals = list_rivals(scratch, index);
            listed = true;
            if (is_taken(&rivals, anchors_box_at(neighbours->anchors, place), u))
                continue;
        }
        *most = value;
        best = (ptrdiff_t)i;
    }
    return best;
}

void evidence_refine(const struct judge_scratch *scratch, size_t subject,
                     const struct neighbours *neighbours, float *most, struct evidence *evidence) {
    const struct anchors *anchors = neighbours->anchors;
    ptrdiff_t best = best_neighbour(scratch, subject, neighbours, most);
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
