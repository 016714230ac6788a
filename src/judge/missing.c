/* Objects that the model sees and no label has. */
#include "judge/evidence_math.h"
#include "judge/scratch.h"

static bool is_explained(const struct judge_scratch *scratch, const struct findings *findings,
                         struct box box, uint32_t class) {
    for (size_t i = 0; i < scratch->n_subjects; i++) {
        const struct subject *subject = &scratch->subjects[i];
        const struct evidence *evidence = &findings->evidence[i];
        if (box_iou(box, subject->box) >= EXPLAINED_IOU)
            return true;
        if (subject->known && subject->class == class && evidence->has_refined &&
            box_iou(box, box_of(evidence->refined)) >= EXPLAINED_IOU)
            return true;
    }
    return false;
}

/* The chance that all of a view's anchors err that see the class at the box. */
static float doubt_at(const struct judge_scratch *scratch, const struct anchors *view,
                      struct box box, uint32_t class) {
    const struct candidates *chosen = &scratch->chosen;
    float doubt = 1;
    for (size_t i = 0; i < chosen->count; i++) {
        const struct candidate *item = &chosen->items[i];
        if (item->class == class && (item->anchor - view->first_id) / TILE < view->n_tiles)
            doubt =
                doubt_less(doubt, item->score * ramp_agree(box_iou(box, scratch->nms.boxes[i])));
    }
    return doubt;
}

/* The surest object of another class at the box. */
static float other_at(const struct judge_scratch *scratch, struct box box, uint32_t class) {
    const struct nms *nms = &scratch->nms;
    float most = 0;
    for (size_t i = 0; i < nms->n_kept; i++) {
        const struct kept *kept = &nms->kept[i];
        if (scratch->chosen.items[kept->index].class == class)
            continue;
        float other = kept->score * ramp_agree(box_iou(box, nms->boxes[kept->index]));
        most = other > most ? other : most;
    }
    return most;
}

static float certainty_of(const struct judge_scratch *scratch, struct box box, uint32_t class,
                          float score) {
    float other = other_at(scratch, box, class), agreement = 0;
    for (size_t i = 0; i < scratch->n_views; i++)
        agreement += missing_agreement(doubt_at(scratch, &scratch->anchors[i], box, class), other);
    return missing_certainty(score, agreement / scratch->knowing[class], other);
}

enum status missing_find(const struct judge *judge, struct judge_scratch *scratch,
                         struct findings *findings) {
    enum status status;
    struct candidates *chosen = &scratch->chosen;
    struct nms *nms = &scratch->nms;
    const struct sources sources = {scratch->n_views, judge->n_classes, scratch->anchors,
                                    scratch->knowing};
    chosen->count = 0;
    for (size_t i = 0; i < scratch->found.count; i++) {
        struct candidate item = scratch->found.items[i];
        if (item.score >= MISSING_FLOOR &&
            (!judge->class_in_data || judge->class_in_data[item.class]))
            TRY(candidates_add(chosen, item));
    }
    candidates_sort_best(chosen, CANDIDATES_MAX);
    TRY(nms_run(nms, &sources, chosen, MISSING_NMS_IOU, MISSING_MAX));
    for (size_t i = nms->n_read; i < chosen->count; i++)
        nms->boxes[i] = anchors_box(scratch->anchors, chosen->items[i].anchor);
    for (size_t i = 0; i < nms->n_kept; i++) {
        const struct kept *kept = &nms->kept[i];
        uint32_t class = chosen->items[kept->index].class;
        struct box box = nms->boxes[kept->index];
        if (kept->score < MISSING_FLOOR || is_explained(scratch, findings, box, class))
            continue;
        TRY(detections_add(&findings->missing, &chosen->items[kept->index], kept->score, box));
        findings->missing.items[findings->missing.count - 1].certainty =
            certainty_of(scratch, box, class, kept->score);
    }
out:
    return status;
}
