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
    for (size_t i = 0; i < nms->n_kept; i++) {
        const struct kept *kept = &nms->kept[i];
        uint32_t class = chosen->items[kept->index].class;
        struct box box = nms->boxes[kept->index];
        if (kept->score >= MISSING_FLOOR && !is_explained(scratch, findings, box, class))
            TRY(detections_add(&findings->missing, class, kept->score, box));
    }
out:
    return status;
}
